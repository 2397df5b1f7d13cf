package stores_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/stores"
)

func TestOpenURL(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for _, url := range []string{"memory:", "file:counts.db", "file:" + folder + "/a b%20.db", "file://" + folder + "/c.db"} {
		s, err := stores.OpenURL(t.Context(), url, stores.Options{})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		tp := rollup.TopicPartition{Topic: "logs"}
		if c, err := s.Claim(t.Context(), tp); err != nil || c.Fence == 0 {
			t.Errorf("%s: %+v, %v", url, c, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	found, err := filepath.Glob("*.db")
	if want := "a b%20.db c.db counts.db"; err != nil || strings.Join(found, " ") != want {
		t.Errorf("files %q, want %q", found, want)
	}
}

func TestOpenURLRefuses(t *testing.T) {
	for _, test := range []struct{ url, says string }{
		{"", "needs a scheme"},
		{"logproc.db", "as in file:logproc.db"},
		{"file:", "needs a path"},
		{"file://host/x.db", "file:///PATH"},
		{"memory:x", "supported are redis://HOST"},
		{"etcd://user:secret@host/", "scheme etcd: is not supported; supported are redis://HOST"},
		{"user:secret", "supported are redis://HOST"},
		{"pass word:secret", "no scheme that is known"},
	} {
		s, err := stores.OpenURL(t.Context(), test.url, stores.Options{})
		if err == nil || s != nil {
			t.Errorf("%q was opened", test.url)
			continue
		}
		if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v; want %q and no secret", test.url, err, test.says)
		}
	}
	if _, err := stores.OpenURL(t.Context(), "file:"+filepath.Join(t.TempDir(), "x.db"), stores.Options{MustExist: true}); err == nil {
		t.Error("a file that is not there was opened")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stores.OpenURL(over, "memory:", stores.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
