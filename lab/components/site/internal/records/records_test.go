package records

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func record(n int64) Record {
	return Record{
		N: n, T: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC).Add(time.Duration(n) * time.Second),
		VM: "payroll/db-1", Disk: "db-1-data", Site: "east", Boot: "0b0c",
	}
}

func lines(numbers ...int64) []byte {
	var all []byte
	for _, n := range numbers {
		all = append(all, record(n).Line()...)
	}
	return all
}

func TestLineAndBack(t *testing.T) {
	line := record(7).Line()
	want := "n=7 t=2026-01-02T03:04:12.000006Z vm=payroll/db-1 disk=db-1-data site=east boot=0b0c crc="
	if !strings.HasPrefix(string(line), want) || !strings.HasSuffix(string(line), "\n") {
		t.Fatalf("line: %q", line)
	}
	got, err := Parse(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil || got != record(7) {
		t.Fatalf("%+v, %v", got, err)
	}
	for at := range len(line) - 1 {
		damaged := bytes.Clone(line[:len(line)-1])
		damaged[at] ^= 1
		if _, err := Parse(damaged); err == nil {
			t.Fatalf("a flipped bit at %d was not found", at)
		}
		if _, err := Parse(line[:at]); err == nil {
			t.Fatalf("a line cut at %d was taken as whole", at)
		}
	}
}

func tailOf(t *testing.T, disk []byte) (Tail, error) {
	t.Helper()
	return FindTail(int64(len(disk)), func(p []byte, offset int64) error {
		copy(p, disk[offset:])
		return nil
	})
}

func TestCounterContinuesBehindTheLastRecord(t *testing.T) {
	for _, count := range []int64{1, 2, 500} {
		var disk []byte
		for n := int64(1); n <= count; n++ {
			disk = append(disk, record(n).Line()...)
		}
		tail, err := tailOf(t, disk)
		if err != nil || tail.Last.N != count || tail.End != int64(len(disk)) || tail.Torn != 0 {
			t.Fatalf("%d records: %+v, %v", count, tail, err)
		}
	}
	if tail, err := tailOf(t, nil); err != nil || tail != (Tail{}) {
		t.Fatalf("an empty disk: %+v, %v", tail, err)
	}
}

func TestTornLineIsFound(t *testing.T) {
	whole, next := lines(1, 2, 3), lines(4)
	for cut := 1; cut < len(next); cut++ {
		tail, err := tailOf(t, append(bytes.Clone(whole), next[:cut]...))
		if err != nil || tail.Last.N != 3 || tail.End != int64(len(whole)) || tail.Torn != int64(cut) {
			t.Fatalf("cut at %d: %+v, %v", cut, tail, err)
		}
	}
	if tail, err := tailOf(t, next[:20]); err != nil || tail.Last != nil || tail.End != 0 || tail.Torn != 20 {
		t.Fatalf("a first record cut short: %+v, %v", tail, err)
	}
	zeros := append(bytes.Clone(whole), make([]byte, 5000)...)
	if tail, err := tailOf(t, zeros); err != nil || tail.Last.N != 3 || tail.Torn != 5000 {
		t.Fatalf("zeros behind the records: %+v, %v", tail, err)
	}
}

func TestForeignContentIsNotCut(t *testing.T) {
	for _, disk := range [][]byte{make([]byte, 1<<20), []byte("a letter\nto you\n"), []byte("ext4")} {
		if tail, err := tailOf(t, disk); err == nil {
			t.Errorf("%d bytes of something else gave %+v", len(disk), tail)
		}
	}
}

func TestReportFindsGapsDamageAndBoots(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "app", "pv1")
	for _, folder := range []string{dir, filepath.Join(root, "app", "empty"), filepath.Join(root, ".replication", "app")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	disk := lines(1, 2, 5)
	damaged := record(6).Line()
	damaged[4] ^= 1
	disk = append(disk, damaged...)
	second := record(7)
	second.Boot, second.Site = "1c1d", "west"
	disk = append(disk, second.Line()...)
	disk = append(disk, "n=8 t="...)
	if err := os.WriteFile(filepath.Join(dir, DiskFile), disk, 0o600); err != nil {
		t.Fatal(err)
	}
	volumes, err := Read(root)
	if err != nil || len(volumes) != 1 {
		t.Fatalf("%+v, %v", volumes, err)
	}
	v := volumes[0]
	if v.Export != "app" || v.Volume != "pv1" || v.VM != "payroll/db-1" || v.Records != 4 || v.FirstN != 1 || v.LastN != 7 {
		t.Errorf("volume: %+v", v)
	}
	if len(v.Gaps) != 2 || v.Gaps[0] != (Gap{2, 5}) || v.Gaps[1] != (Gap{5, 7}) || v.BadChecksums != 1 || !v.TornTail {
		t.Errorf("gaps %v, %d bad checksums, torn %v", v.Gaps, v.BadChecksums, v.TornTail)
	}
	want := []Boot{
		{"0b0c", "east", 1, 5, record(1).T, record(5).T},
		{"1c1d", "west", 7, 7, record(7).T, record(7).T},
	}
	if len(v.Boots) != 2 || v.Boots[0] != want[0] || v.Boots[1] != want[1] {
		t.Errorf("boots: %+v", v.Boots)
	}
}

func TestAnExportCanBeAVolume(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "db-0"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "db-0", DiskFile), lines(1, 2), 0o600); err != nil {
		t.Fatal(err)
	}
	volumes, err := Read(root)
	if err != nil || len(volumes) != 1 || volumes[0].Volume != "db-0" || volumes[0].Records != 2 {
		t.Errorf("%+v, %v", volumes, err)
	}
}
