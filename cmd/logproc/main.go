// Command logproc turns a stream of JSON logs into metrics and daily summaries.
//
// Each command has a file of its own here that holds its flags and the wiring; the logic is in the
// packages that it calls.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // zones are known on a machine without a tz database, too

	"github.com/alecthomas/kong"

	"github.com/logproc/logproc/internal/conf"
)

// cli lists the commands in the order in which the help shows them.
type cli struct {
	Demo    demoCommand    `cmd:"" help:"Show the whole job in one process, with generated traffic."`
	Run     runCommand     `cmd:"" help:"Read Kafka, count, and show metrics and summaries."`
	Summary summaryCommand `cmd:"" help:"Print daily summaries, of files or of a store."`
	Redact  redactCommand  `cmd:"" help:"Write log lines without personal data, one line for each line read."`
	Count   countCommand   `cmd:"" help:"Print what the pipeline would count in files."`
	Lint    lintCommand    `cmd:"" help:"Check keys and fields against the naming convention."`
	Trace   traceCommand   `cmd:"" help:"Show the timeline of one request, or its calls."`
	Work    workCommand    `cmd:"" name:"workflow" help:"Follow long-running work through its states."`
	Check   checkCommand   `cmd:"" help:"Check a configuration and the files it names."`
	Policy  policyCommand  `cmd:"" help:"Test, explain and compare redaction policies."`
	Keys    keysCommand    `cmd:"" help:"Make, change and ask the keys of pseudonyms."`
	Loadgen loadgenCommand `cmd:"" help:"Write generated log lines whose totals are known, to a file or to Kafka."`
	State   stateCommand   `cmd:"" help:"Show and correct how far a store has counted."`
	Status  statusCommand  `cmd:"" help:"Ask a running instance how it is."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// streams are the process's standard streams, handed to every command so that tests can give their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// errFindings ends a command with exit code 1: it worked, and it found something.
var errFindings = errors.New("findings")

// Exit codes of every command.
const (
	exitOK       = 0
	exitFindings = 1
	exitError    = 2 // usage, config or I/O
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// untilSignal gives a context that ends with the first SIGINT or SIGTERM. The second one ends the process
// at once, as does the first for commands that have nothing to finish.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// run is the program without its process: it parses args, runs the command and gives the exit code.
func run(ctx context.Context, args []string, std streams) int {
	c := cli{Run: newRunCommand()}
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("logproc"),
		kong.Description("Counts, checks and summarises a stream of JSON logs."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		panic(err) // the struct tags above are wrong: a defect that every test meets
	}
	if len(args) == 0 || len(args) == 1 && args[0] == "help" {
		args = []string{"--help"}
	} else if len(args) == 1 && args[0] == "--version" {
		args = []string{"version"}
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err == nil {
		err = command.Run()
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	default:
		report(std.err, err)
		return exitError
	}
}

// report prints an error, one line for each that it joins. What is wrong with a file begins with its
// place, as compilers print it; anything else with the program's name.
func report(out io.Writer, err error) {
	prefix := "logproc: "
	if found, ok := errors.AsType[conf.Diagnostics](err); ok && found[0].File != "" {
		prefix = ""
	}
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintln(out, prefix+strings.TrimSuffix(line, "\n"))
	}
}
