//go:build simbugs

package sim

import "github.com/logproc/logproc/pipeline"

// workerBugs are those that the worker itself has. Their names are the ones that it asks for.
func workerBugs() (list []Bug) {
	for _, name := range []string{
		"count what an answer repeats", "keep the tally after a rewind", "go on with the rest of a batch after a rewind",
		"join fragments across a loss", "forget what was shown",
	} {
		list = append(list, Bug{Name: name})
	}
	return list
}

// plant tells the worker which defect it has; it knows its own ones by their names.
func (b *Bug) plant(cfg *pipeline.Config) {
	cfg.Defect = b.Name
}
