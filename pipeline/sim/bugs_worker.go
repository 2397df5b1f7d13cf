//go:build !simbugs

package sim

import "github.com/logproc/logproc/pipeline"

// workerBugs are those that the worker itself has; see the build tag simbugs.
func workerBugs() []Bug { return nil }

func (*Bug) plant(*pipeline.Config) {}
