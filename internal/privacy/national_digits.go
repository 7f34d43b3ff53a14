package privacy

// The checks of the numbers that countries give to persons. Each is told digits of
// the right number.

func usSocialSecurity(d []byte) bool {
	area, group, serial := value(d[:3]), value(d[3:5]), value(d[5:])
	return area > 0 && area != 666 && group > 0 && serial > 0
}

func dutchService(d []byte) bool {
	return !uniform(d) && weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

func australianTax(d []byte) bool {
	return weighted(d, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0
}

func portugueseTax(d []byte) bool {
	check := 11 - weighted(d, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return d[0] >= '1' && d[0] <= '3' && value(d[8:]) == check%11%10
}

// swedishPerson knows the numbers of those who are only coordinated as well: their
// day is sixty more.
func swedishPerson(d []byte) bool {
	return monthDay(value(d[2:4]), value(d[4:6])%60) && luhn(d)
}

// danishPerson has no check digit since 2007, so the date and the shape tell.
func danishPerson(d []byte) bool { return dayMonth(d) }

// czechPerson is of Slovakia as well. A woman's month is fifty more, and where
// numbers have run out another twenty.
func czechPerson(d []byte) bool {
	month := value(d[2:4]) % 50
	if month > 20 {
		month -= 20
	}
	return monthDay(month, value(d[4:6])) && value(d)%11 == 0
}

// bulgarianPerson has twenty or forty more in the month for other centuries.
func bulgarianPerson(d []byte) bool {
	return monthDay(value(d[2:4])%20, value(d[4:6])) && value(d[2:4]) < 53 &&
		weighted(d, 2, 4, 8, 5, 10, 9, 7, 3, 6)%11%10 == value(d[9:])
}

func austrianInsurance(d []byte) bool {
	return d[0] != '0' && dayMonth(d[4:]) && weighted(d, 3, 7, 9, 0, 5, 8, 4, 2, 1, 6)%11 == value(d[3:4])
}

// germanTax has among its first ten digits one that is there twice or three times.
func germanTax(d []byte) bool {
	var count [10]int
	for _, c := range d[:10] {
		count[c-'0']++
	}
	again := 0
	for _, n := range count {
		if n > 3 {
			return false
		}
		if n > 1 {
			again++
		}
	}
	return d[0] != '0' && again == 1 && iso7064(d)
}

// iso7064 is the check of ISO 7064 with the moduli 11 and 10.
func iso7064(d []byte) bool {
	product := 10
	for _, c := range d[:len(d)-1] {
		sum := (int(c-'0') + product) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (11-product)%10 == int(d[len(d)-1]-'0')
}

// polishPerson has a multiple of twenty more in the month for other centuries.
func polishPerson(d []byte) bool {
	return monthDay(value(d[2:4])%20, value(d[4:6])) && weighted(d, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// norwegianPerson has forty more in the day, or the month, for temporary ones.
func norwegianPerson(d []byte) bool {
	return monthDay(value(d[2:4])%40, value(d[:2])%40) &&
		weighted(d, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)%11 == 0 && weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

func belgianPerson(d []byte) bool {
	month, day := value(d[2:4])%20, value(d[4:6])
	if month > 12 || day > 31 {
		return false
	}
	check := value(d[9:])
	return check == 97-value(d[:9])%97 || check == 97-(2_000_000_000+value(d[:9]))%97
}

func brazilianPerson(d []byte) bool {
	first := weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	second := weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	return !uniform(d) && first == value(d[9:10]) && second == value(d[10:])
}

func turkishPerson(d []byte) bool {
	odd, even := weighted(d, 1, 0, 1, 0, 1, 0, 1, 0, 1), weighted(d, 0, 1, 0, 1, 0, 1, 0, 1)
	return d[0] != '0' && ((odd*7-even)%10+10)%10 == value(d[9:10]) && (odd+even+value(d[9:10]))%10 == value(d[10:])
}

// balticPerson is of Estonia and Lithuania.
func balticPerson(d []byte) bool {
	check := weighted(d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1) % 11
	if check == 10 {
		check = weighted(d, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3) % 11 % 10
	}
	return '1' <= d[0] && d[0] <= '8' && yearMonthDay(d[1:]) && check == value(d[10:])
}

func greekInsurance(d []byte) bool { return dayMonth(d) && luhn(d) }

func russianInsurance(d []byte) bool {
	return weighted(d, 9, 8, 7, 6, 5, 4, 3, 2, 1)%101%100 == value(d[9:]) && !uniform(d)
}

func russianTax(d []byte) bool {
	return weighted(d, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 == value(d[10:11]) &&
		weighted(d, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)%11%10 == value(d[11:])
}

func argentineTax(d []byte) bool {
	switch value(d[:2]) {
	case 20, 23, 24, 25, 26, 27:
		return weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
	}
	return false
}

// indianAadhaar has the check of Verhoeff: sums and turns in the group of the
// pentagon.
func indianAadhaar(d []byte) bool {
	if d[0] < '2' {
		return false
	}
	sum := 0
	for i := range d {
		sum = pentagon(sum, turned(i, int(d[len(d)-1-i]-'0')))
	}
	return sum == 0
}

// pentagon combines two symmetries of a pentagon: 0–4 are turns, 5–9 reflections.
func pentagon(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return (a+b)%5 + 5
	case b < 5:
		return (a-b)%5 + 5
	default:
		return (a - b + 5) % 5
	}
}

// turned applies Verhoeff's permutation so many times.
func turned(times, digit int) int {
	for range times % 8 {
		digit = int("1576283094"[digit] - '0')
	}
	return digit
}

func japanesePerson(d []byte) bool {
	rest := weighted(d, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	check := 0
	if rest > 1 {
		check = 11 - rest
	}
	return check == value(d[11:])
}

func malaysianPerson(d []byte) bool { return yearMonthDay(d) && value(d[6:8]) > 0 }

// swissInsurance has the check digit of EAN, behind Switzerland's 756.
func swissInsurance(d []byte) bool {
	return value(d[:3]) == 756 && weighted(d, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
}

// koreanPerson has a check digit no longer for those born since 2020, so that the
// date and the sex tell; a row of digits takes the check.
func koreanPerson(d []byte) bool { return yearMonthDay(d) && '1' <= d[6] && d[6] <= '8' }

func southAfricanPerson(d []byte) bool {
	return yearMonthDay(d) && d[10] <= '2' && luhn(d)
}

func romanianPerson(d []byte) bool {
	return '1' <= d[0] && yearMonthDay(d[1:]) && weighted(d, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)%11%10 == value(d[12:])
}

func thaiPerson(d []byte) bool {
	return '1' <= d[0] && d[0] <= '8' && (11-weighted(d, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)%10 == value(d[12:])
}

func frenchInsurance(d []byte) bool {
	month := value(d[3:5])
	right := 1 <= month && month <= 12 || 20 <= month && month <= 42 || month >= 50
	return right && d[0] != '0' && d[0] != '9' && value(d[13:]) == 97-value(d[:13])%97
}

// chinesePerson is of those whose check sign is a digit.
func chinesePerson(d []byte) bool { return chineseCheck(d[:17]) == d[17] }

// chineseCheck gives the check sign of 17 digits, 0 = they are of nobody.
func chineseCheck(d []byte) byte {
	if d[0] == '0' || !century(d[6:]) || !monthDay(value(d[10:12]), value(d[12:14])) {
		return 0
	}
	return "10x98765432"[weighted(d, 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)%11]
}
