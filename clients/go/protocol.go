package adapter

import "encoding/json"

// The versions of the adapter protocol that are spoken, the best first: 1.1 and 1.
var versions = []int{version11, 1}

// Version 1.1, as it stands in lines.
const version11 = 11

// request is a line to the subject. Fields that are not known here are passed over.
type request struct {
	Type     string          `json:"type"`
	Seq      *uint64         `json:"seq"`
	Versions []int           `json:"versions"`
	Family   string          `json:"family"`
	Start    json.RawMessage `json:"start"`
	Now      int64           `json:"now"`
	Until    int64           `json:"until"`
	Input    json.RawMessage `json:"input"`

	raw json.RawMessage
}

// reply is a line from the subject.
type reply struct {
	Type     string            `json:"type"`
	Seq      uint64            `json:"seq"`
	Protocol int               `json:"protocol,omitempty"`
	About    *About            `json:"about,omitempty"`
	Outputs  []json.RawMessage `json:"outputs,omitempty"`
	ActedAt  *int64            `json:"acted_at,omitempty"`
	// Null, if nothing will happen by itself.
	Deadline  json.RawMessage `json:"deadline,omitempty"`
	NotBefore *int64          `json:"not_before,omitempty"`
	Gauges    json.RawMessage `json:"gauges,omitempty"`
	Message   string          `json:"message,omitempty"`
}

func done() reply { return reply{Type: "done"} }

// refusal is the reply that an error gives: `unsupported` or `error`.
func refusal(err error) reply {
	if message, ok := isUnsupported(err); ok {
		return reply{Type: "unsupported", Message: message}
	}
	return reply{Type: "error", Message: err.Error()}
}
