package main

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
)

// shortForms are flags for a first run, beside the dotted ones.
var shortForms = map[string]string{"kafka.brokers": "brokers", "kafka.topics": "topic", "kafka.group": "group"}

// configFlags are the configuration's keys as flags, made from the one description in package config.
type configFlags struct {
	keys   []conf.Key
	values reflect.Value // a pointer to a struct of one pointer per key
}

func newConfigFlags() configFlags {
	var keys []conf.Key
	var fields []reflect.StructField
	for _, k := range conf.Keys(config.Default()) {
		if !k.Settable || k.Secret {
			continue // a secret on the command line is one that everybody on the machine can read
		}
		tag := `name:` + strconv.Quote(k.Path) + ` help:` + strconv.Quote(helpOf(k)) + ` placeholder:` + strconv.Quote("VALUE")
		if short, ok := shortForms[k.Path]; ok {
			tag += ` aliases:` + strconv.Quote(short)
		}
		fields = append(fields, reflect.StructField{Name: "F" + strconv.Itoa(len(fields)), Type: flagType(k), Tag: reflect.StructTag(tag)})
		keys = append(keys, k)
	}
	return configFlags{keys: keys, values: reflect.New(reflect.StructOf(fields))}
}

// flagType gives a pointer type, so that a flag that was not given is told from an empty one. Flags that
// are true or false need no value.
func flagType(k conf.Key) reflect.Type {
	if k.Type == "true or false" {
		return reflect.TypeFor[*bool]()
	}
	return reflect.TypeFor[*string]()
}

// helpOf gives a key's help text with its default; kong reads ${…} in it as a variable.
func helpOf(k conf.Key) string {
	text := strings.ToUpper(k.Help[:1]) + k.Help[1:]
	if short, ok := shortForms[k.Path]; ok {
		text += " (short: --" + short + ")"
	}
	if k.Default != "" {
		text += " [" + k.Default + "]"
	}
	return strings.ReplaceAll(text, "$", "$$") + "."
}

// plugin hands the flags to kong.
func (f configFlags) plugin() kong.Plugins { return kong.Plugins{f.values.Interface()} }

// apply sets what was given on the command line.
func (f configFlags) apply(c *config.Config) error {
	var errs []error
	for i, k := range f.keys {
		if value := f.values.Elem().Field(i); !value.IsNil() {
			if err := conf.Set(c, k.Path, fmt.Sprint(value.Elem().Interface())); err != nil {
				errs = append(errs, errors.New("--"+err.Error()))
			}
		}
	}
	return errors.Join(errs...)
}
