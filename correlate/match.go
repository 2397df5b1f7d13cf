package correlate

import (
	"cmp"
	"slices"

	"github.com/logproc/logproc/redact"
)

// join puts the two sides of calls together.
func join(clients, servers []Side) []Call {
	m := matcher{clients: clients, servers: servers, partner: make([]int, len(clients)), taken: make([]bool, len(servers))}
	byTo := make(map[redact.Text]*group)
	var groups []*group
	of := func(to redact.Text) *group {
		if byTo[to] == nil {
			byTo[to] = new(group)
			groups = append(groups, byTo[to])
		}
		return byTo[to]
	}
	for i := range servers {
		g := of(servers[i].to)
		g.servers = append(g.servers, i)
	}
	for i := range clients {
		m.partner[i] = -1
		g := of(clients[i].to)
		g.clients = append(g.clients, i)
	}
	for _, g := range groups {
		m.match(g)
	}
	return m.calls()
}

// group is the sides of all calls to one server.
type group struct{ clients, servers []int }

// matcher finds out which side belongs to which.
type matcher struct {
	clients, servers []Side
	partner          []int // by client: index of the server's side; -1 for none
	taken            []bool
}

// match joins the sides of a group. Where clocks are equal enough, the server's part lies within the client's; where
// that leads to calls that can hardly be, and durations alone do not, these decide. Clients without an answer get
// what is left, in the order in which they began.
func (m *matcher) match(g *group) {
	byStart := func(sides []Side) func(a, b int) int {
		return func(a, b int) int { return cmp.Compare(sides[a].Start, sides[b].Start) }
	}
	slices.SortStableFunc(g.servers, byStart(m.servers))
	slices.SortStableFunc(g.clients, byStart(m.clients))
	var answered, others []int
	for _, i := range g.clients {
		if c := &m.clients[i]; c.Ended && !c.TimedOut && c.HasDuration {
			answered = append(answered, i)
		} else {
			others = append(others, i)
		}
	}
	try := func(pair func(clients, servers []int)) (odd int) {
		for _, i := range g.clients {
			m.release(i)
		}
		pair(answered, g.servers)
		m.byOrder(answered, g.servers)
		m.byOrder(others, g.servers)
		return m.odd(g.clients)
	}
	if odd := try(m.byTime); odd > 0 && try(m.byDuration) >= odd {
		try(m.byTime)
	}
}

// odd counts the calls whose server took longer than the client waited.
func (m *matcher) odd(clients []int) (n int) {
	for _, i := range clients {
		if at := m.partner[i]; at >= 0 && m.clients[i].HasDuration && m.servers[at].HasDuration &&
			m.servers[at].Duration > m.clients[i].Duration+slack(&m.clients[i], &m.servers[at]) {
			n++
		}
	}
	return n
}

func (m *matcher) take(client, server int) { m.partner[client], m.taken[server] = server, true }

func (m *matcher) release(client int) {
	if server := m.partner[client]; server >= 0 {
		m.partner[client], m.taken[server] = -1, false
	}
}

// may reports whether a free server's side can be the client's by name, and took no longer than it.
func (m *matcher) may(client, server int) bool {
	c, s := &m.clients[client], &m.servers[server]
	longest := c.Duration
	if !c.measured || !s.measured {
		longest += slack(c, s)
	}
	return m.named(client, server) && s.Ended && (!s.HasDuration || s.Duration <= longest)
}

// named reports whether a server's side is free and of the client, as far as it knows.
func (m *matcher) named(client, server int) bool {
	c, s := &m.clients[client], &m.servers[server]
	return !m.taken[server] && (s.from == c.from || s.from.String() == "" || c.from.String() == "")
}

// byTime gives every answered client the side that lies within it and began soonest after it.
func (m *matcher) byTime(clients, servers []int) {
	for _, i := range clients {
		c := &m.clients[i]
		best, distance := -1, int64(0)
		for _, at := range servers {
			s := &m.servers[at]
			inside := s.Start >= c.Start-stampSlack && s.End <= c.End+stampSlack
			if d := abs(s.Start - c.Start); inside && m.may(i, at) && (best < 0 || d < distance) {
				best, distance = at, d
			}
		}
		if best >= 0 {
			m.take(i, best)
		}
	}
}

// byDuration gives the answered clients, the quickest first, the longest side that took no longer than they did. No
// other way finds more pairs that can be.
func (m *matcher) byDuration(clients, servers []int) {
	clients = slices.Clone(clients)
	slices.SortStableFunc(clients, func(a, b int) int { return cmp.Compare(m.clients[a].Duration, m.clients[b].Duration) })
	for _, i := range clients {
		best := -1
		for _, at := range servers {
			if m.may(i, at) && (best < 0 || m.servers[at].Duration > m.servers[best].Duration) {
				best = at
			}
		}
		if best >= 0 {
			m.take(i, best)
		}
	}
}

// byOrder gives clients what is left, in the order in which it began.
func (m *matcher) byOrder(clients, servers []int) {
	for _, i := range clients {
		if m.partner[i] >= 0 {
			continue
		}
		if at := slices.IndexFunc(servers, func(at int) bool { return m.named(i, at) }); at >= 0 {
			m.take(i, servers[at])
		}
	}
}

// calls gives the pairs, and the sides that have none.
func (m *matcher) calls() (calls []Call) {
	missing := Side{begin: -1, end: -1}
	for i := range m.clients {
		call := Call{From: m.clients[i].from, To: m.clients[i].to, Client: m.clients[i], Server: missing}
		if at := m.partner[i]; at >= 0 {
			call.Server = m.servers[at]
		}
		calls = append(calls, call)
	}
	for i := range m.servers {
		if !m.taken[i] {
			calls = append(calls, Call{From: m.servers[i].from, To: m.servers[i].to, Client: missing, Server: m.servers[i]})
		}
	}
	return calls
}
