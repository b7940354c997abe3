package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestTheLocalToolchainFits(t *testing.T) {
	directory := t.TempDir()
	path, err := create(directory, "/elsewhere", runtime.GOROOT())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Replace) != len(files) {
		t.Errorf("%d files are replaced, not %d", len(list.Replace), len(files))
	}
	for original, changed := range list.Replace {
		before, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(filepath.Join(directory, filepath.Base(changed)))
		if err != nil {
			t.Fatal(err)
		}
		if string(before) == string(after) || filepath.Dir(changed) != "/elsewhere" {
			t.Errorf("%s is replaced by %s, which is the same or stands elsewhere", original, changed)
		}
	}
}

func TestAnotherSourceIsRefused(t *testing.T) {
	goroot, directory := t.TempDir(), t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(runtime.GOROOT(), "src", file.path))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), "cheaprandn(uint32(norder + 1))", "fastrandn(uint32(norder + 1))", 1)
		path := filepath.Join(goroot, "src", file.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := create(directory, directory, goroot)
	if err == nil || !strings.Contains(err.Error(), "src/runtime/select.go: found 0 times") {
		t.Errorf("a toolchain with another select is not refused: %v", err)
	}
	if left, _ := os.ReadDir(directory); len(left) != 0 {
		t.Errorf("%d files were written all the same", len(left))
	}
}
