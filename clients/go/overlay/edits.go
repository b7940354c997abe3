package main

// A file of the standard library, the edits to it, and what is written to its end.
type file struct {
	path  string
	edits []edit
	end   string
}

// An edit puts one text in place of another one.
type edit struct {
	find, put string
}

// What is changed, as small as it can be. The sources are those of Go 1.25 and 1.26.
//
//   - Seeds of maps are constant, so that the same keys stand in the same places, whatever was made before.
//   - In a bubble of `testing/synctest`, where a client lives, walks over maps, choices of `select` and numbers of
//     `math/rand` come from three streams that begin anew with each life. They are apart because caches that are
//     filled once in a process would otherwise move all that comes after. Outside, Go's own generators stay.
//   - Timers of a bubble that are due at the same instant fire in the order in which they were set.
//   - No goroutine is stopped because it ran for 10 ms of real time, and none loses its processor because a write to a
//     pipe was slow: on a busy machine that is where runs come apart.
var files = []file{
	{
		path: "runtime/rand.go",
		edits: []edit{
			{
				find: "\tglobalRand.state.Init(*seed)\n\tclear(seed[:])\n",
				put:  "\tclear(seed[:])\n\tseed[0] = 1\n\tglobalRand.state.Init(*seed)\n\tclear(seed[:])\n",
			},
			{
				find: "\tmp := getg().m\n\tc := &mp.chacha8\n",
				put:  "\tmp := getg().m\n\tif syncheck_bubbled(mp) {\n\t\treturn 1 // hash/maphash waits for a seed that is not 0\n\t}\n\tc := &mp.chacha8\n",
			},
			{
				find: "func maps_rand() uint64 {\n\treturn rand()\n}\n",
				put:  "func maps_rand() uint64 {\n\treturn 0\n}\n",
			},
			{
				find: "func legacy_fastrand() uint32 {\n\treturn uint32(rand())\n}\n",
				put:  "func legacy_fastrand() uint32 {\n\treturn uint32(syncheck_rand())\n}\n",
			},
			{
				find: "func legacy_fastrandn(n uint32) uint32 {\n\treturn randn(n)\n}\n",
				put:  "func legacy_fastrandn(n uint32) uint32 {\n\treturn uint32(syncheck_rand() >> 32 * uint64(n) >> 32)\n}\n",
			},
			{
				find: "func legacy_fastrand64() uint64 {\n\treturn rand()\n}\n",
				put:  "func legacy_fastrand64() uint64 {\n\treturn syncheck_rand()\n}\n",
			},
		},
		end: streams,
	},
	{
		path: "runtime/select.go",
		edits: []edit{{
			find: "j := cheaprandn(uint32(norder + 1))",
			put:  "j := syncheck_choice(uint32(norder + 1))",
		}},
	},
	{
		path:  "runtime/time.go",
		edits: []edit{{find: "t.rand = cheaprand()", put: "t.rand = syncheck_timer()"}},
	},
	{
		path: "runtime/proc.go",
		edits: []edit{
			{
				find: "const forcePreemptNS = 10 * 1000 * 1000 ",
				put:  "const forcePreemptNS = 60 * 1000 * 1000 * 1000 ",
			},
			{
				find: "\t\t// On the one hand we don't want to retake Ps if there is no other work to do,\n",
				put: "\t\tif pd.syscallwhen+1000*1000*1000 > now {\n\t\t\tthread.resume()\n\t\t\tgoto done\n\t\t}\n\n" +
					"\t\t// On the one hand we don't want to retake Ps if there is no other work to do,\n",
			},
		},
	},
	{
		path:  "internal/runtime/maps/runtime.go",
		edits: []edit{{find: "//go:linkname rand\nfunc rand() uint64\n", put: "//go:linkname rand\nfunc rand() uint64\n\n//go:linkname walk\nfunc walk() uint64\n"}},
	},
	{
		path: "internal/runtime/maps/table.go",
		edits: []edit{
			{find: "it.entryOffset = rand()", put: "it.entryOffset = walk()"},
			{find: "it.dirOffset = rand()", put: "it.dirOffset = walk()"},
		},
	},
	{path: "math/rand/rand.go", edits: numbers},
	{path: "math/rand/v2/rand.go", edits: numbers},
	{path: "os/tempfile.go", edits: numbers},
	{path: "net/dnsclient.go", edits: numbers},
}

// Who draws numbers, and not only a seed for a table.
var numbers = []edit{{find: "//go:linkname runtime_rand runtime.rand\n", put: "//go:linkname runtime_rand runtime.syncheck_rand\n"}}

// The streams, written to the end of runtime/rand.go.
const streams = `
// What follows was added by syncheck.

// syncheck_streams are the sources of chance of a bubble; one bubble lives at a time.
var syncheck_streams struct {
	choices, walks, numbers uint64
	timers                  uint32
}

// syncheck_begin begins all streams anew, and the count that lets the scheduler look at its global queue.
//
//go:linkname syncheck_begin
func syncheck_begin(seed uint64) {
	s := &syncheck_streams
	s.choices, s.walks, s.numbers, s.timers = seed, seed+1<<62, seed+1<<63, 0
	getg().m.p.ptr().schedtick = 0
}

// syncheck_next_timer is how far away the next timer of the bubble may be at the earliest, in nanoseconds; -1 if
// there is none.
//
//go:linkname syncheck_next_timer
func syncheck_next_timer() int64 {
	bubble := getg().bubble
	if bubble == nil {
		return -1
	}
	next := bubble.timers.wakeTime()
	if next == 0 {
		return -1
	}
	return max(next-bubble.now, 0)
}

//go:nosplit
func syncheck_bubbled(mp *m) bool {
	gp := mp.curg
	return gp != nil && gp.bubble != nil
}

//go:linkname syncheck_rand
func syncheck_rand() uint64 {
	if syncheck_bubbled(getg().m) {
		return syncheck_next(&syncheck_streams.numbers)
	}
	return rand()
}

//go:linkname syncheck_walk internal/runtime/maps.walk
func syncheck_walk() uint64 {
	if syncheck_bubbled(getg().m) {
		return syncheck_next(&syncheck_streams.walks)
	}
	return rand()
}

func syncheck_choice(n uint32) uint32 {
	if syncheck_bubbled(getg().m) {
		return uint32(syncheck_next(&syncheck_streams.choices) >> 32 * uint64(n) >> 32)
	}
	return cheaprandn(n)
}

func syncheck_timer() uint32 {
	syncheck_streams.timers++
	return syncheck_streams.timers
}

// syncheck_next is the next number of a stream (SplitMix64).
func syncheck_next(stream *uint64) uint64 {
	*stream += 0x9e3779b97f4a7c15
	z := *stream
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
`
