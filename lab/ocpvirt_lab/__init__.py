"""Two real sites on one machine: real control planes, KubeVirt, Velero, S3, NFS and replication between them."""
