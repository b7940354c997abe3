// Command overlay makes a file for `go build -overlay` that takes the chance out of Go's runtime, from the local
// toolchain's own source. It prints the path of that file. Each replacement has to fit exactly once, or nothing is
// made: a runtime in which chance is left would give verdicts that nobody can repeat.
//
//	go run ./overlay [-at PLACE] DIRECTORY GOROOT
//
// With -at the list names the files as they will be found when DIRECTORY has been moved to PLACE.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	at := flag.String("at", "", "where the directory will be moved")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: overlay [-at PLACE] DIRECTORY GOROOT")
		os.Exit(2)
	}
	path, err := create(flag.Arg(0), cmp.Or(*at, flag.Arg(0)), flag.Arg(1))
	if err != nil {
		fmt.Fprintln(os.Stderr, "overlay:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// create writes the changed files and the list of them to directory, and gives the path of the list. The list names the
// files as if directory were at.
func create(directory, at, goroot string) (string, error) {
	at, err := filepath.Abs(at)
	if err != nil {
		return "", err
	}
	changed, err := changes(goroot)
	if err != nil {
		return "", fmt.Errorf("the source in %s is not what the overlay was written for:\n%w", goroot, err)
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for path, text := range changed {
		name := strings.ReplaceAll(path, "/", "_")
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(goroot, "src", filepath.FromSlash(path))] = filepath.Join(at, name)
	}
	list, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "overlay.json")
	return path, os.WriteFile(path, list, 0o644)
}

// changes gives the new text of each file that is changed, or all that does not fit.
func changes(goroot string) (map[string]string, error) {
	changed := map[string]string{}
	var faults []error
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(goroot, "src", filepath.FromSlash(file.path)))
		if err == nil {
			changed[file.path], err = file.apply(string(text))
		}
		faults = append(faults, err)
	}
	return changed, errors.Join(faults...)
}

// apply makes all edits, each of which has to fit exactly once.
func (f file) apply(text string) (string, error) {
	var faults []error
	for _, edit := range f.edits {
		if count := strings.Count(text, edit.find); count != 1 {
			faults = append(faults, fmt.Errorf("src/%s: found %d times, not once:\n%s", f.path, count, edit.find))
			continue
		}
		text = strings.Replace(text, edit.find, edit.put, 1)
	}
	return text + f.end, errors.Join(faults...)
}
