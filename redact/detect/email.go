package detect

import "unicode/utf8"

const (
	longestLocal  = 64
	longestDomain = 255
)

// email looks for an address around the '@' at i and gives where the pass goes on.
func (s *Scanner) email(i int) int {
	t := s.text
	if !s.on.Has(Email) {
		return i + 1
	}
	end := domainEnd(t, i+1)
	if end == 0 {
		return i + 1
	}
	start := localStart(t, i)
	if start == i {
		return i + 1
	}
	if n := at(t, end); (n == ':' || n == '/') && i-start == 3 && equalFold(t, start, "git") {
		return end // git@host:path and ssh://git@host/path name a repository
	}
	if s.add(Email, start, end) == 0 {
		return i + 1
	}
	return end
}

// localStart is where the local part before the '@' at i starts; i when there is none.
func localStart(t []byte, i int) int {
	stop := max(0, i-longestLocal)
	if at(t, i-1) == '"' {
		for j := i - 2; j >= stop; j-- {
			if t[j] == '"' {
				if j == i-2 || at(t, j-1) == ':' || at(t, j-1) == ',' {
					return i
				}
				return j
			}
		}
		return i
	}
	start := i
	for start > stop {
		if class[t[start-1]]&cLocal != 0 {
			start--
			continue
		}
		r, n := utf8.DecodeLastRune(t[stop:start])
		if n < 2 || r == utf8.RuneError || !letterLike(r) {
			break
		}
		start -= n
	}
	for start < i && class[t[start]]&(cDigit|cLetter|cHigh) == 0 && t[start] != '_' && t[start] != '+' {
		start++ // a quote, a dot or a hyphen does not start an address
	}
	return start
}

// letterLike says whether a rune that is not ASCII may stand in an address.
func letterLike(r rune) bool {
	switch {
	case r >= 0x2000 && r <= 0x206f, r >= 0x3000 && r <= 0x303f, r >= 0xff00 && r <= 0xff65, r < 0xc0, r == 0xfeff:
		return false
	}
	return true
}

// domainEnd is the end of the domain that starts at i, 0 when it is none: labels of letters, digits and
// inner hyphens, at least two, and a top-level domain of letters that is no file name's extension. One that is
// met often ends the domain also before a file's extension, a hyphen and an underscore: example.org.pdf.
func domainEnd(t []byte, i int) int {
	top, end, certain, last, labels := 0, 0, 0, i, 0
	digitsFirst, versionLike := false, false
	for j := i; j-i <= longestDomain; {
		e := labelEnd(t, j)
		if e == j {
			break
		}
		labels++
		switch {
		case labels == 1:
			digitsFirst = versionLabel(t[j:e])
		case labels == 2:
			versionLike = digitsFirst && isDigit(t[j])
		}
		if labels > 1 && topLevel(t[j:e]) {
			top, end = j, e
		} else if labels > 1 && !numeric(t[j:e]) {
			if n := runEnd(t, j, cLetter); knownTopLevel(t[j:n]) {
				certain = n
			} else if end > 0 && knownTopLevel(t[top:end]) {
				certain = end
			}
			end = 0
		}
		last = e
		if at(t, e) != '.' {
			break
		}
		j = e + 1
	}
	if end == 0 {
		end = certain
	}
	if end == 0 || versionLike || last-i > longestDomain {
		return 0
	}
	return end
}

// knownTopLevel says whether a label is one of the top-level domains that most addresses have.
func knownTopLevel(label []byte) bool {
	var buf [8]byte
	if len(label) > len(buf) {
		return false
	}
	for i, b := range label {
		buf[i] = lower(b)
	}
	switch string(buf[:len(label)]) {
	case "com", "org", "net", "edu", "gov", "info", "eu", "se", "no", "dk", "fi", "de", "uk", "fr", "nl", "be", "at", "ch", "es", "it", "pt", "us",
		"ie", "ee", "lv", "lt", "cz", "io", "test", "example":
		return true
	}
	return false
}

// labelEnd is the end of the label at i, without hyphens at its end; i when it starts with one.
func labelEnd(t []byte, i int) int {
	e := i
	for e < len(t) && e-i <= 63 {
		if isAlnum(t[e]) || t[e] == '-' && e > i || t[e] == '_' && e > i {
			e++
			continue
		}
		r, n := utf8.DecodeRune(t[e:])
		if n < 2 || !letterLike(r) {
			break
		}
		e += n
	}
	for e > i && (t[e-1] == '-' || t[e-1] == '_') {
		e--
	}
	return e
}

// topLevel says whether a label can end a domain.
func topLevel(label []byte) bool {
	if len(label) < 2 || fileExtension(label) {
		return false
	}
	if len(label) > 4 && equalFold(label, 0, "xn--") {
		return true
	}
	for _, b := range label {
		if class[b]&(cLetter|cHigh) == 0 {
			return false
		}
	}
	return true
}

// numeric says whether a label is digits only.
func numeric(label []byte) bool {
	return digitsEnd(label, 0) == len(label)
}

// versionLabel says whether a label starts a version: 1, v0.
func versionLabel(label []byte) bool {
	i := 0
	if label[0]|0x20 == 'v' {
		i = 1
	}
	return i < len(label) && digitsEnd(label, i) == len(label)
}

// fileExtension says whether the label is the extension of a file and no top-level domain in use.
func fileExtension(label []byte) bool {
	var buf [8]byte
	if len(label) > len(buf) {
		return false
	}
	for i, b := range label {
		buf[i] = lower(b)
	}
	switch string(buf[:len(label)]) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "tif", "tiff", "avif", "heic", "psd",
		"js", "mjs", "cjs", "jsx", "ts", "tsx", "css", "scss", "less", "vue", "html", "htm", "xhtml", "php", "asp", "aspx", "jsp",
		"json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "conf", "cfg", "properties", "csv", "tsv", "txt", "log", "sql", "db",
		"go", "java", "class", "jar", "war", "rb", "cpp", "hpp", "lua", "swift", "kt", "dart", "proto", "wasm", "exe", "dll",
		"gz", "tgz", "tar", "bz", "xz", "rar", "7z", "whl", "deb", "rpm", "apk", "dmg", "iso", "pdf", "doc", "docx", "xls", "xlsx",
		"ppt", "pptx", "mp3", "mp4", "wav", "avi", "mkv", "mpg", "webm", "woff", "woff2", "ttf", "otf", "eot", "map", "bak", "tmp",
		"lock", "service", "socket", "timer", "target", "mount", "slice", "scope":
		return true
	}
	return false
}
