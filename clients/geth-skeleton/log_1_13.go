//go:build geth_v1_13_15 || geth_v1_13_11

package main

import (
	"context"

	"slices"

	"github.com/ethereum/go-ethereum/log"
	"golang.org/x/exp/slog"
)

// watchLogs lets all that geth logs be heard, and written nowhere.
func watchLogs() { log.SetDefault(log.NewLogger(&listener{})) }

type listener struct{ attributes []slog.Attr }

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }

func (l *listener) Handle(_ context.Context, record slog.Record) error {
	logged(record.Message, func(name string) any {
		var found any
		look := func(attribute slog.Attr) bool {
			if attribute.Key == name {
				found = attribute.Value.Any()
			}
			return found == nil
		}
		record.Attrs(look)
		slices.ContainsFunc(l.attributes, func(attribute slog.Attr) bool { return !look(attribute) })
		return found
	})
	return nil
}

func (l *listener) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &listener{slices.Concat(l.attributes, attributes)}
}

func (l *listener) WithGroup(string) slog.Handler { return l }
