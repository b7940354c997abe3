package main

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/filecoin-project/venus/pkg/chainsync/syncer"
	synctypes "github.com/filecoin-project/venus/pkg/chainsync/types"
	"github.com/filecoin-project/venus/pkg/consensus"

	"syncheck/adapter"
)

// targets is what the dispatcher gives its targets to: Venus's syncer, with a report of when it begins and ends.
type targets struct {
	*syncer.Syncer
	*consensus.BlockValidator
	life  *adapter.Life
	heads *heads
}

// HandleNewTipSet syncs a target.
func (t targets) HandleNewTipSet(ctx context.Context, target *synctypes.Target) error {
	head := keyOf(target.Head.Cids())
	t.life.Event(syncStarted{"sync_started", head})
	err := t.Syncer.HandleNewTipSet(ctx, target)
	t.heads.wait()
	t.life.Event(syncEnded{"sync_ended", head, outcomeOf(ctx, err)})
	return err
}

var failedCheck = regexp.MustCompile(`fails the check \[(\w+)\]`)

// outcomeOf names what the syncer says of a target. It hands most errors on as text.
func outcomeOf(ctx context.Context, err error) outcome {
	if err == nil {
		return outcome{Type: "complete"}
	}
	text := err.Error()
	if check := failedCheck.FindStringSubmatch(text); check != nil {
		return outcome{Type: "invalid", Check: check[1]}
	}
	switch {
	case strings.Contains(text, "target has synced before"):
		return outcome{Type: "complete"}
	case strings.Contains(text, "target with less weight"):
		return outcome{Type: "lighter"}
	case strings.Contains(text, syncer.ErrForkTooLong.Error()),
		strings.Contains(text, "linked back to a different genesis"),
		strings.Contains(text, "forked at genesis"):
		return outcome{Type: "fork_refused"}
	case errors.Is(ctx.Err(), context.Canceled):
		return outcome{Type: "cancelled"}
	}
	return outcome{Type: "unavailable"}
}
