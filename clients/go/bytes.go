package adapter

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// Bytes is a byte string as lines have it: lower-case hexadecimal after `0x`.
type Bytes []byte

// MarshalText writes the bytes in hexadecimal.
func (b Bytes) MarshalText() ([]byte, error) {
	return hex.AppendEncode([]byte("0x"), b), nil
}

// UnmarshalText reads bytes in hexadecimal.
func (b *Bytes) UnmarshalText(text []byte) error {
	if len(text) < 2 || text[0] != '0' || text[1] != 'x' {
		return fmt.Errorf("a byte string must begin with 0x")
	}
	decoded, err := hex.AppendDecode(nil, text[2:])
	*b = decoded
	return err
}

// Reversed is a copy with the last byte first, as Bitcoin software prints hashes.
func (b Bytes) Reversed() Bytes {
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	return reversed
}
