//go:build tools

// Package lnd pins the Lightning node that the mint's `lnd` backend is tried against.
package lnd

import _ "github.com/lightningnetwork/lnd/cmd/lnd"
