package main

import (
	"context"
	"reflect"
	"runtime"
	"testing/synctest"
	"unsafe"

	"github.com/filecoin-project/pubsub"
	"github.com/filecoin-project/venus/venus-shared/types"
)

// Venus's parts end with its process, and have no other way to end. Here a process lives many lives, so their goroutines
// are ended, by private fields where there is no other door. Nothing of this is done while a life lasts.

// end ends the goroutines of a life.
func (c *client) end() {
	close(c.ending)
	c.cancel()
	c.host.close()
	synctest.Wait() // syncs and requests have failed now
	_ = c.peerMgr.Stop(c.context)
	delayed := private(reflect.ValueOf(c.syncer), "delayRunTx")
	private(delayed, "ch").Close()
	private(reflect.ValueOf(c.dispatcher), "incomingPubsub").Interface().(*pubsub.PubSub).Shutdown()
	if next, err := childOf(c.store.GetHead()); err == nil {
		_ = c.store.SetHead(context.Background(), next) // the worker that tells of heads ends at the next one, in endIfOver
	}
	synctest.Wait()
	c.store.Stop()
}

// endIfOver ends the goroutine that calls it if the life is over.
func (c *client) endIfOver() {
	select {
	case <-c.ending:
		runtime.Goexit()
	default:
	}
}

// childOf makes up a tipset after another one.
func childOf(tipset *types.TipSet) (*types.TipSet, error) {
	header := *tipset.At(0)
	header.Parents = tipset.Cids()
	header.Height = tipset.Height() + 1
	return types.NewTipSet([]*types.BlockHeader{&header})
}

// private gives a field that is not exported of what a pointer points to.
func private(of reflect.Value, name string) reflect.Value {
	field := of.Elem().FieldByName(name)
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}
