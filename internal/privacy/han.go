package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What announces a name in scripts without spaces, and what stands behind one.
func introsOfHan() []string {
	return []string{"我叫", "名字是", "我是", "姓名", "姓名是", "联系人", "收件人", "名前は", "氏名", "お名前", "이름은", "저는", "성함은", "이름"}
}

func titlesOfHan() []string {
	return []string{"先生", "女士", "小姐", "老师", "さん", "様", "くん", "ちゃん", "씨", "님", "と申します", "といいます"}
}

// surnames of China, one sign each; those of Korea, and the Chinese ones of two.
const (
	chineseSurnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤張劉陳楊黃趙吳馬羅鄭謝許韓馮鄧葉蘇呂盧鍾譚陸賈"
	koreanSurnames  = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모"
)

// han finds names and addresses at a character of a script without spaces, and gives
// where to go on.
func (s *scanner) han(i int, r rune, size int) int {
	switch r {
	case '我', '名', '姓', '联', '收', '氏', 'お', '이', '저', '성':
		for _, cue := range introsOfHan() {
			if strings.HasPrefix(s.text[i:], cue) {
				s.hanNamed(i + len(cue))
			}
		}
	case '先', '女', '小', '老', 'さ', '様', 'く', 'ち', '씨', '님', 'と':
		for _, title := range titlesOfHan() {
			if strings.HasPrefix(s.text[i:], title) {
				s.hanTitled(i, title)
			}
		}
	}
	switch r {
	case '路', '街', '道', '巷', '弄', '町', '区', '市', '동', '로', '길':
		s.hanStreet(i, i+size)
	}
	return i + size
}

// hanNamed finds a name behind what announces it.
func (s *scanner) hanNamed(i int) {
	for _, between := range []string{"是", "为", "は", ":", "：", " "} {
		i += len(s.text[i:]) - len(strings.TrimPrefix(s.text[i:], between))
	}
	first, _ := utf8.DecodeRuneInString(s.text[i:])
	switch {
	case strings.ContainsRune(koreanSurnames, first):
		s.addRunes(Name, i, 3, unicode.Hangul)
	case s.endsJapanese(i):
		s.addRunes(Name, i, 6, unicode.Han)
	case strings.ContainsRune(chineseSurnames, first):
		s.addRunes(Name, i, 3, unicode.Han)
	}
}

// endsJapanese says whether a sentence goes on behind the characters at i as it does
// in Japanese.
func (s *scanner) endsJapanese(i int) bool {
	end := s.runEnd(i, 6, unicode.Han)
	return end > i && (strings.HasPrefix(s.text[end:], "です") || strings.HasPrefix(s.text[end:], "と"))
}

// runEnd goes over characters of a script, at most so many.
func (s *scanner) runEnd(i, most int, script *unicode.RangeTable) int {
	for ; most > 0 && i < len(s.text); most-- {
		r, size := utf8.DecodeRuneInString(s.text[i:])
		if !unicode.Is(script, r) {
			break
		}
		i += size
	}
	return i
}

func (s *scanner) addRunes(kind string, i, most int, script *unicode.RangeTable) {
	end := s.runEnd(i, most, script)
	if n := utf8.RuneCountInString(s.text[i:end]); n > 1 {
		s.add(kind, i, end)
	}
}

// hanTitled finds the name before a title at i.
func (s *scanner) hanTitled(i int, title string) {
	switch title {
	case "씨", "님":
		end := len(strings.TrimRight(s.text[:i], " "))
		if start := s.back(end, 3, unicode.Hangul); strings.ContainsRune(koreanSurnames, s.runeAt(start)) && end-start == 9 {
			s.add(Name, start, end)
		}
	case "先生", "女士", "小姐", "老师":
		for _, most := range []int{3, 2, 1} {
			start := s.back(i, most, unicode.Han)
			if utf8.RuneCountInString(s.text[start:i]) == most && strings.ContainsRune(chineseSurnames, s.runeAt(start)) {
				s.add(Name, start, i)
				return
			}
		}
	default:
		start := s.back(i, 5, unicode.Han)
		if start < i && !strings.ContainsRune("客皆奥父母兄姉神王社店誰何", s.runeAt(start)) {
			s.add(Name, start, i)
		}
	}
}

// back goes back over characters of a script, at most so many.
func (s *scanner) back(i, most int, script *unicode.RangeTable) int {
	for ; most > 0 && i > 0; most-- {
		r, size := utf8.DecodeLastRuneInString(s.text[:i])
		if !unicode.Is(script, r) {
			break
		}
		i -= size
	}
	return i
}

func (s *scanner) runeAt(i int) rune {
	r, _ := utf8.DecodeRuneInString(s.text[i:])
	return r
}

// mostPlace is how many characters an address has at most before its number.
const mostPlace = 24

// hanStreet finds an address of East Asia around the sign of a street or a quarter:
// from the province or the town on, to the number.
func (s *scanner) hanStreet(i, end int) {
	number := end
	for number < len(s.text) && number-end < 4*mostPlace {
		r, size := utf8.DecodeRuneInString(s.text[number:])
		if isDigit(byte(min(r, 0x7F))) {
			break
		}
		if r != ' ' && !spaceless(r) || number > end && strings.ContainsRune("路街道巷弄町区市로길", r) && r != '道' {
			return
		}
		number += size
	}
	if number-end > 12 {
		return
	}
	stop := number
	for stop < len(s.text) && (isDigit(s.text[stop]) || s.text[stop] == '-') {
		stop++
	}
	start := s.placeStart(i)
	if stop == number || stop-number > 12 || !strings.ContainsAny(s.text[start:i], "省市区县都道府県町村시도구군") {
		return
	}
	for _, sign := range []string{"号", "號", "番地", "丁目", "弄"} {
		if strings.HasPrefix(s.text[stop:], sign) {
			stop += len(sign)
		}
	}
	s.add(Address, start, stop)
}

// placeStart goes back to where a place's name begins: over characters of scripts
// without spaces, and the spaces between Korean words.
func (s *scanner) placeStart(i int) int {
	start := i
	for range mostPlace {
		r, size := utf8.DecodeLastRuneInString(s.text[:i])
		if r == ' ' && start == i {
			before, _ := utf8.DecodeLastRuneInString(s.text[:i-1])
			if !strings.ContainsRune("시도구군", before) {
				break
			}
			i--
			continue
		}
		if !spaceless(r) || strings.ContainsRune("はがを是在住址", r) {
			break
		}
		i -= size
		start = i
	}
	return start
}
