package correlate

// record books an observation with its request.
func (e *Engine) record(r *request, o *Observation, from *input) {
	now := from.time
	// A clock that is ahead must not keep a request open, nor one that is behind close it.
	// Before the input has a time, the latest of its records stands for it: one too many stays open for longer, while one
	// too few would break a request in two.
	at, late := from.window.latest(), false
	if lateness := int64(e.cfg.Lateness); now != unset {
		latest := addTime(now, lateness)
		if o.Time > latest {
			e.stats.Ahead++
		}
		at, late = max(min(o.Time, latest), now), addTime(o.Time, lateness) <= e.Watermark()
	}
	r.late = r.late && late
	r.first, r.last = min(r.first, at), max(r.last, at)
	r.records++
	r.worst = max(r.worst, o.Level)
	if len(r.events) < e.cfg.Limits.Events {
		e.keep(r, e.names.pack(&o.Event))
	} else {
		e.stats.Beyond++
	}
}

// keep appends an event to a request. Slices grow by half: most requests are small, and there are many.
func (e *Engine) keep(r *request, s stored) {
	if n := len(r.events); n == cap(r.events) {
		grown := make([]stored, n, n+max(2, n/2))
		copy(grown, r.events)
		e.stats.Bytes += int64(cap(grown)-n) * storedBytes
		r.events = grown
	}
	r.events = append(r.events, s)
}

// pack makes an event small.
func (n *names) pack(e *Event) stored {
	s := stored{
		time: e.Time, duration: e.Duration, status: e.Status, level: e.Level, frame: e.Frame,
		service: n.take(e.Service), key: n.take(e.Key), host: n.take(e.Host), zone: n.take(e.Zone),
		from: n.take(e.From), to: n.take(e.To), err: n.take(e.Error),
	}
	for _, f := range [...]struct {
		set bool
		bit uint8
	}{{e.HasDuration, hasDuration}, {e.HasStatus, hasStatus}, {e.ShowFrame, showFrame}} {
		if f.set {
			s.flags |= f.bit
		}
	}
	return s
}

// unpack gives an event back, and ends the uses of its names.
func (n *names) unpack(s *stored) Event {
	return Event{
		Time: s.time, Duration: s.duration, Status: s.status, Level: s.level, Frame: s.frame,
		HasDuration: s.flags&hasDuration != 0, HasStatus: s.flags&hasStatus != 0, ShowFrame: s.flags&showFrame != 0,
		Service: n.give(s.service), Key: n.give(s.key), Host: n.give(s.host), Zone: n.give(s.zone),
		From: n.give(s.from), To: n.give(s.to), Error: n.give(s.err),
	}
}
