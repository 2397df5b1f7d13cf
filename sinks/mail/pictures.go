package mail

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	gomail "github.com/wneessen/go-mail"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/mail/picture"
)

// maxPictures is the number of pictures in a mail; the keys with the largest counts get one.
const maxPictures = 60

type pictureKey struct{ service, env, msg redact.Text }

// pictures are those of one mail.
type pictures struct {
	names map[pictureKey]string
	alts  map[pictureKey]string
	order []drawn
}

type drawn struct {
	name string
	png  []byte
}

// draw makes the pictures of the keys whose days are known.
func draw(reports []rollup.Report, d detail) (*pictures, error) {
	p := &pictures{names: make(map[pictureKey]string), alts: make(map[pictureKey]string)}
	type candidate struct {
		key  pictureKey
		n    uint64
		days []uint64
	}
	var list []candidate
	for i := range reports {
		r := &reports[i]
		for _, l := range r.Lines {
			if days := r.Trends[l.Msg]; len(days) > 1 {
				list = append(list, candidate{pictureKey{r.Service, r.Env, l.Msg}, l.N, days})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.n, a.n) })
	for _, c := range list[:min(len(list), d.pictures)] {
		png, err := picture.Days(c.days)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("days-%d@logproc", len(p.order))
		p.names[c.key], p.alts[c.key] = name, fmt.Sprintf("%d days, most %d", len(c.days), slices.Max(c.days))
		p.order = append(p.order, drawn{name, png})
	}
	return p, nil
}

// of gives the Content-ID of a key's picture, see summary.ReportOptions.
func (p *pictures) of(r *rollup.Report, msg redact.Text) (id, alt string) {
	k := pictureKey{r.Service, r.Env, msg}
	return p.names[k], p.alts[k]
}

func (p *pictures) embed(msg *gomail.Msg) error {
	for i, d := range p.order {
		err := msg.EmbedReader(fmt.Sprintf("days-%d.png", i), bytes.NewReader(d.png), gomail.WithFileContentType("image/png"), gomail.WithFileContentID("<"+d.name+">"))
		if err != nil {
			return fmt.Errorf("embed a picture: %w", err)
		}
	}
	return nil
}
