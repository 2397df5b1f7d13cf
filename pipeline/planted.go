//go:build !simbugs

package pipeline

// planted are defects that are put in to prove that the simulation finds them (pipeline/sim); in this build
// there are none, and nothing of them is left in the code.
type planted struct{}

func (planted) has(string) bool { return false }
