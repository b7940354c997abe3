// Package ffi has the signatures of filecoin-ffi that Venus refers to, and nothing behind them: proofs, BLS signatures
// and the virtual machine are not played. What is called says so by a panic, which is a mistake in the adapter.
package ffi

// The sizes of what is signed with.
const (
	PrivateKeyBytes = 32
	PublicKeyBytes  = 48
	SignatureBytes  = 96
	DigestBytes     = 96
)

type (
	// PrivateKey is a BLS private key.
	PrivateKey [PrivateKeyBytes]byte
	// PrivateKeyGenSeed makes a private key.
	PrivateKeyGenSeed [32]byte
	// PublicKey is a BLS public key.
	PublicKey [PublicKeyBytes]byte
	// Signature is a BLS signature.
	Signature [SignatureBytes]byte
	// Digest is what is signed.
	Digest [DigestBytes]byte
	// Message is what a digest is made of.
	Message []byte
)

// Hash is not available.
func Hash(Message) Digest { panic(unavailable("Hash")) }

// Verify is not available.
func Verify(*Signature, []Digest, []PublicKey) bool { panic(unavailable("Verify")) }

// HashVerify is not available.
func HashVerify(*Signature, []Message, []PublicKey) bool { panic(unavailable("HashVerify")) }

// PrivateKeyGenerateWithSeed is not available.
func PrivateKeyGenerateWithSeed(PrivateKeyGenSeed) PrivateKey {
	panic(unavailable("PrivateKeyGenerateWithSeed"))
}

// PrivateKeyPublicKey is not available.
func PrivateKeyPublicKey(PrivateKey) *PublicKey { panic(unavailable("PrivateKeyPublicKey")) }

// PrivateKeySign is not available.
func PrivateKeySign(PrivateKey, Message) *Signature { panic(unavailable("PrivateKeySign")) }

func unavailable(what string) string {
	return "filecoin-ffi is not linked: " + what + " is not available"
}
