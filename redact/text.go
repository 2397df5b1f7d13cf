package redact

// Text is redacted text: what may become a metric label, a line of a summary, a mail or a page. Outside
// of this package one can only be had from Redactor.Label, from a constant of the program, or from a
// store that kept one. It is comparable and may be kept.
type Text struct{ s string }

// String gives the text.
func (t Text) String() string { return t.s }

// constant is a type that other packages cannot name, so that only untyped constants of their source
// code convert to it: never a value that was computed from input.
type constant string

// Const makes a Text of a constant that is written in the program.
func Const(c constant) Text { return Text{string(c)} }

// Stored makes a Text of a string that a store gives back. It is for stores, which only ever get a
// Text to keep; what they return was redacted before it was stored.
func Stored(s string) Text { return Text{s} }
