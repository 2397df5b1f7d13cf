package otlp

import (
	"math"
	"strings"
	"unicode/utf8"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/redact"
)

// maxText is the longest text of a span, in bytes.
const maxText = 1 << 10

// attributes is a list of attributes. Texts that come of logs are taken as redact.Text only.
type attributes []*commonpb.KeyValue

// text adds a text, unless it is empty.
func (a *attributes) text(key string, t redact.Text) { a.word(key, t.String()) }

// word adds a word of the program's own, or the name of a service; nothing when it is empty.
func (a *attributes) word(key, value string) {
	if value != "" {
		a.add(key, stringValue(value))
	}
}

func (a *attributes) number(key string, n int64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}})
}

// millis adds a time in milliseconds, rounded to nanoseconds: that takes the noise of a subtraction away.
func (a *attributes) millis(key string, ms float64) {
	ms = math.Round(ms*1e6) / 1e6
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: ms}})
}

// flag adds what is true.
func (a *attributes) flag(key string, is bool) {
	if is {
		a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}})
	}
}

// words adds a list of words of the program's own.
func (a *attributes) words(key string, list []string) {
	array := new(commonpb.ArrayValue)
	for _, w := range list {
		array.Values = append(array.Values, stringValue(w))
	}
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: array}})
}

// names adds a list of ids as they may be shown.
func (a *attributes) names(key string, list []correlate.Name) {
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = list[i].Text.String()
	}
	a.words(key, texts)
}

func (a *attributes) add(key string, v *commonpb.AnyValue) {
	*a = append(*a, &commonpb.KeyValue{Key: key, Value: v})
}

func stringValue(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: clean(s)}}
}

// clean makes a text valid for protobuf, and bounds it.
func clean(s string) string {
	if len(s) > maxText {
		end := maxText
		for end > maxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
