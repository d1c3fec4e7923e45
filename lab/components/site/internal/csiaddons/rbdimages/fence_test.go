package rbdimages

import (
	"slices"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
)

const (
	addsHost   = `{"prefix":"osd blocklist","blocklistop":"add","addr":"10.0.0.1","expire":157784760.0}`
	addsRange  = `{"prefix":"osd blocklist","blocklistop":"add","range":"range","addr":"10.0.0.2/31","expire":157784760.0}`
	addsSecond = `{"prefix":"osd blocklist","blocklistop":"add","addr":"10.0.0.2","expire":157784760.0}`
	addsThird  = `{"prefix":"osd blocklist","blocklistop":"add","addr":"10.0.0.3","expire":157784760.0}`
	liftsHost  = `{"prefix":"osd blocklist","blocklistop":"rm","addr":"10.0.0.1"}`
	addsWide   = `{"prefix":"osd blocklist","blocklistop":"add","range":"range","addr":"10.0.0.0/8","expire":157784760.0}`
)

func TestFenceWritesTheBlocklist(t *testing.T) {
	for name, c := range map[string]struct {
		lift  bool
		cidrs []string
		fails map[string]error
		want  codes.Code
		calls []string
	}{
		"a host":              {false, []string{"10.0.0.1/32"}, nil, codes.OK, []string{addsHost}},
		"a network":           {false, []string{"10.0.0.3/31"}, nil, codes.OK, []string{addsRange}},
		"no ranges here":      {false, []string{"10.0.0.2/31"}, failing(addsRange), codes.OK, []string{addsRange, addsSecond, addsThird}},
		"too many addresses":  {false, []string{"10.0.0.0/8"}, failing(addsWide), codes.InvalidArgument, []string{addsWide}},
		"lifted":              {true, []string{"10.0.0.1/32"}, nil, codes.OK, []string{liftsHost}},
		"one wrong, so none":  {false, []string{"10.0.0.1/32", "10.0.0.1"}, nil, codes.InvalidArgument, nil},
		"the monitors refuse": {false, []string{"10.0.0.1/32"}, map[string]error{addsHost: cephError(syscall.EACCES)}, codes.Internal, []string{addsHost}},
	} {
		d := &double{fails: c.fails}
		do := backend(d).Fence
		if c.lift {
			do = backend(d).Unfence
		}
		check(t, name, d, do(t.Context(), c.cidrs), c.want, c.calls...)
	}
}

func TestWhatIsFenced(t *testing.T) {
	for answer, want := range map[string][]string{
		`[{"addr":"10.0.0.2:0/0","until":"x"},{"addr":"10.0.0.9:0/3710147553"},{"addr":"10.0.0.1:0/0"}]`: {"10.0.0.1/32", "10.0.0.2/32"},
		`[][{"range":"10.1.0.0:0/16"},{"range":"[fd00::]:0/64"}]`:                                        {"10.1.0.0/16", "fd00::/64"},
		`[{"addr":"[fd00::1]:0/0"}]`: {"fd00::1/128"},
		`[]`:                         nil,
	} {
		d := &double{answers: map[string]string{`{"prefix": "osd blocklist ls", "format": "json"}`: answer}}
		got, err := backend(d).Fenced(t.Context())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", answer, got, err)
		}
	}
	_, err := backend(&double{}).Fenced(t.Context())
	check(t, "no answer", &double{}, err, codes.Internal)
}
