package main

import (
	"fmt"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/log"
)

// current is who hears the log: one life at a time has running goroutines.
var current atomic.Pointer[client]

// watchLogs lets all that geth logs be heard, and written nowhere.
func watchLogs() {
	log.Root().SetHandler(log.FuncHandler(func(record *log.Record) error {
		if c := current.Load(); c != nil {
			c.logged(record.Msg, func(name string) any {
				for i := 0; i+1 < len(record.Ctx); i += 2 {
					if record.Ctx[i] == name {
						return record.Ctx[i+1]
					}
				}
				return nil
			})
		}
		return nil
	}))
}

func (c *client) logged(message string, value func(name string) any) {
	if message == "Stalling state sync, dropping peer" {
		c.mutex.Lock()
		c.stalled[fmt.Sprint(value("peer"))] = true
		c.mutex.Unlock()
	}
	c.heardPivot(message, value)
}
