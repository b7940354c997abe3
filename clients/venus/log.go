package main

import (
	"fmt"
	"os"
	"strings"

	logging "github.com/ipfs/go-log/v2"
	"go.uber.org/zap/zapcore"
)

// watchLogs writes Venus's errors to standard error, without the time, which is virtual.
func watchLogs() { logging.SetPrimaryCore(listener{}) }

type listener struct{}

func (listener) Enabled(level zapcore.Level) bool { return level >= zapcore.ErrorLevel }

func (l listener) With([]zapcore.Field) zapcore.Core { return l }

func (l listener) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if l.Enabled(entry.Level) {
		return checked.AddCore(entry, l)
	}
	return checked
}

// Write tells of an error. A panic from which the dispatcher recovers ends the process, as any other does.
func (listener) Write(entry zapcore.Entry, _ []zapcore.Field) error {
	if entry.LoggerName == "chainsync.dispatcher" && strings.HasPrefix(entry.Message, "panic: ") {
		panic(entry.Message)
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", entry.LoggerName, entry.Message)
	return nil
}

func (listener) Sync() error { return nil }
