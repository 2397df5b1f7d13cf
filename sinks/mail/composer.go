package mail

// Composer makes mails with the same options.
type Composer struct{ Options }

// Compose gives the mail of an edition as it is sent, with its Message-ID.
func (c Composer) Compose(e Edition) (body []byte, messageID string, err error) {
	m, err := Compose(e, c.Options)
	return m.Body, m.MessageID, err
}
