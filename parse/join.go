package parse

import "math"

// group is a split record whose end has not come.
type group struct {
	open      bool
	key       []byte
	text      []byte
	offsets   []int64 // of its fragments
	length    int     // of the text; more than is kept when the record is too long
	charged   int     // bytes that count against JoinLimits.Bytes
	time      int64   // of its first fragment
	timeKnown bool
	born      int64 // the number of the line of its first fragment
	last      int64 // and of its newest one
}

// joiner holds the groups of one parser.
//
// After a crash the lines are read again from the oldest held fragment on, by a new joiner that knows
// nothing of the lines before. That it ends in the same state rests on three rules:
//   - what a line does to its own stream (hold, end, nothing) depends on that line, and on whether the
//     stream has a group, only;
//   - a group is given up alone only for its own last fragment's age;
//   - all other limits give up everything, so none was reached since the oldest fragment that is
//     still held, and none will be when reading again, because a joiner that starts later never
//     holds more.
type joiner struct {
	limits  JoinLimits
	maxLine int
	groups  []group
	open    int
	held    int     // sum of charged
	line    int64   // lines read
	check   int64   // the first line at which a limit of age can be reached
	evicted []int64 // offsets given up by this line
	whole   []byte  // the last joined record
}

// fragmentCost is what a fragment is charged for besides its text.
const fragmentCost = 64

func (j *joiner) init(limits JoinLimits, maxLine int) {
	j.limits, j.maxLine = limits, maxLine
	j.check = math.MaxInt64
}

// begin counts a line and gives up what has become too old.
func (j *joiner) begin() {
	j.line++
	j.evicted = j.evicted[:0]
	if j.line >= j.check {
		j.expire()
	}
}

// expire gives up the groups that are too old and finds out when to look again.
func (j *joiner) expire() {
	j.check = math.MaxInt64
	for i := range j.groups {
		if g := &j.groups[i]; g.open && j.line-g.born > int64(j.limits.Age) {
			j.giveUpAll()
			return
		}
	}
	for i := range j.groups {
		g := &j.groups[i]
		if g.open && j.line-g.last > int64(j.limits.Idle) {
			j.giveUp(g)
		}
		if g.open {
			j.watch(g)
		}
	}
}

// watch makes sure that begin looks at a group in time.
func (j *joiner) watch(g *group) {
	j.check = min(j.check, g.last+int64(j.limits.Idle)+1, g.born+int64(j.limits.Age)+1)
}

// find gives the group of a stream, nil when it has none.
func (j *joiner) find(key []byte) *group {
	for i := range j.groups {
		if g := &j.groups[i]; g.open && sameKey(g.key, key) {
			return g
		}
	}
	return nil
}

// hold adds a copy of a fragment to its stream's group, or begins one.
func (j *joiner) hold(key, text []byte, offset, time int64, timeKnown bool) {
	g := j.find(key)
	if g == nil {
		g = j.begun(key, time, timeKnown)
	}
	if !j.extend(g, text, offset) {
		j.extend(j.begun(key, time, timeKnown), text, offset)
	}
}

// extend adds a copy of a fragment to a group. When there is no room it gives up everything held, that
// group too, and reports false.
func (j *joiner) extend(g *group, text []byte, offset int64) bool {
	cost := j.cost(g, text)
	if j.held+cost > j.limits.Bytes && len(g.offsets)+j.open > 1 {
		j.giveUpAll()
		return false
	}
	j.held += cost
	g.charged += cost
	g.last = j.line
	g.offsets = append(g.offsets, offset)
	g.add(text, j.maxLine)
	j.watch(g)
	return true
}

// cost is what a fragment adds to the memory held. The text of a record that is too long is not kept, yet
// charged: a joiner that missed its beginning keeps it, and must not reach a limit earlier.
func (j *joiner) cost(g *group, text []byte) int {
	return fragmentCost + min(g.length+len(text), j.maxLine) - min(g.length, j.maxLine)
}

// add appends a fragment's text unless the record is too long by now.
func (g *group) add(text []byte, maxLine int) {
	g.length += len(text)
	if g.length <= maxLine {
		g.text = append(g.text, text...)
	} else {
		g.text = g.text[:0]
	}
}

// begun opens a group, in the memory of a closed one if there is any.
func (j *joiner) begun(key []byte, time int64, timeKnown bool) *group {
	if j.open == j.limits.Groups {
		j.giveUpAll()
	}
	g := j.closed()
	g.open = true
	g.key = append(g.key[:0], key...)
	g.time, g.timeKnown = time, timeKnown
	g.born = j.line
	g.length = 0
	g.charged = len(key)
	j.held += g.charged
	j.open++
	return g
}

func (j *joiner) closed() *group {
	for i := range j.groups {
		if !j.groups[i].open {
			return &j.groups[i]
		}
	}
	j.groups = append(j.groups, group{})
	return &j.groups[len(j.groups)-1]
}

// end closes a group with its last fragment and gives the whole text, valid until the next end; not ok
// when it is too long.
func (j *joiner) end(g *group, text []byte) (whole []byte, ok bool) {
	g.add(text, j.maxLine)
	ok = g.length <= j.maxLine
	j.whole, g.text = g.text, j.whole
	j.close(g)
	return j.whole, ok
}

// close frees a group; it keeps ordinary amounts of memory for the next one.
func (j *joiner) close(g *group) {
	g.open = false
	j.open--
	j.held -= g.charged
	g.offsets = g.offsets[:0]
	g.text = g.text[:0]
	if cap(g.text) > keepBytes {
		g.text = nil
	}
	if j.open == 0 {
		j.check = math.MaxInt64
	}
}

// giveUp closes a group whose end did not come.
func (j *joiner) giveUp(g *group) {
	j.evicted = append(j.evicted, g.offsets...)
	j.close(g)
}

func (j *joiner) giveUpAll() {
	for i := range j.groups {
		if j.groups[i].open {
			j.giveUp(&j.groups[i])
		}
	}
}

func (j *joiner) evictions(f func(offset int64)) {
	for _, offset := range j.evicted {
		f(offset)
	}
	j.evicted = j.evicted[:0]
}

func (j *joiner) oldest() (offset int64, ok bool) {
	for i := range j.groups {
		if g := &j.groups[i]; g.open && (!ok || g.offsets[0] < offset) {
			offset, ok = g.offsets[0], true
		}
	}
	return offset, ok
}
