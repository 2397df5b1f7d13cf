//go:build simbugs

package pipeline

// planted names a defect that is put in to prove that the simulation finds it (pipeline/sim).
type planted struct{ Defect string }

func (p planted) has(defect string) bool { return p.Defect == defect }
