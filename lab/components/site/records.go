package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
	"ocpvirt.dr/lab/components/site/internal/records"
)

func runRecords(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("records", flag.ContinueOnError)
	root := flags.String("root", "", "`folder` of the exports")
	conf := flags.String("ceph-conf", "", "`file` of the site's Ceph cluster, if its images are to be read too")
	user := flags.String("ceph-user", "csi", "who opens its images")
	pool := flags.String("ceph-pool", "rbd", "pool of the images")
	asJSON := flags.Bool("json", false, "print JSON instead of a table")
	if err := parse(flags, args, "root"); err != nil {
		return err
	}
	volumes, err := records.Read(*root)
	if err != nil {
		return err
	}
	if *conf != "" {
		images, err := records.ReadImages(rbdimage.NewCluster(*conf, *user), *pool)
		if err != nil {
			return err
		}
		volumes = append(volumes, images...)
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string][]records.Volume{"volumes": volumes})
	}
	return printRecords(os.Stdout, volumes)
}

func printRecords(w io.Writer, volumes []records.Volume) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EXPORT\tVOLUME\tVM\tRECORDS\tFIRST\tLAST\tLAST WRITTEN\tGAPS\tBAD\tBOOTS\tMIRROR")
	for _, v := range volumes {
		written := "-"
		if v.LastT != nil {
			written = v.LastT.Format(time.RFC3339Nano)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%d\t%d\t%d\t%s\n", v.Export, v.Volume, v.VM, v.Records, v.FirstN,
			v.LastN, written, len(v.Gaps), v.BadChecksums, len(v.Boots), v.Mirror)
	}
	return table.Flush()
}
