//go:build btcd_v0_26_2 || btcd_v0_26_1_beta_rc1

package main

// The profile of this version.
const profile = "btcd-0.26"
