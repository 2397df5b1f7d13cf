package detect

// evidence is what a word beside a value says about it, as bits.
type evidence uint64

const (
	eSecret     evidence = 1 << iota // names a secret when a value is assigned to it
	ePassword                        // names one also in front of a value in quotes
	eSecretTail                      // names one only after another word: "key" in api_key
	eOTP                             // names a one-time code
	eCookie                          // names a header whose whole value is secret
	eQuery                           // names a secret only as a URL's query parameter
	ePhone                           // says that digits are a phone number
	eCall                            // says so only for digits that have a phone number's form
	eNumber                          // "number", "no": says what the word before it says
	eID                              // "id": the same, but for identity numbers only
	eParty                           // "caller", "contact": a phone number before "number"
	eNational                        // "national", "social": an identity number before "id" or "number"
	ePnr
	eFnr
	eSSN
	eIMSI
	eIMEI
	eGeo
	ePlace // with eGeo: names other things too, so that the numbers must be exact
	eLat
	eLon
	eVersion
	eRelease // says so of small numbers only: "build", and "release" of an address too
	eProduct // names a program: a version after its slash
	eFiller  // says nothing: "is", "for", "the"
	eStop    // says that the number is something else: "offset", "ms", "order"
	eUnit    // after a number: says that it is a quantity
	eKeyed   // makes eSecretTail a secret: "api", "access", "private"
	eBenign  // makes a secret word harmless: "page" token
	eCode    // "code": a one-time code after the right word
	eCodeFor // "verification", "time" as in one-time: the right word
	eName    // a person's name, as a parameter of a URL or a key of encoded JSON
	eAddress // the same for a street address
	eBirth   // … a date of birth
	eAccount // … an account
)

const (
	assignable = eSecret | eSecretTail | eOTP | eCookie | eQuery | personal
	personal   = eName | eAddress | eBirth | eAccount
	kinds      = ePhone | eCall | ePnr | eFnr | eSSN | eIMSI | eIMEI
	partBytes  = 64
)

// evidenceOf is the evidence that a policy's word gives.
func evidenceOf(k Kind) evidence {
	switch k {
	case Phone:
		return ePhone
	case IMSI:
		return eIMSI
	case IMEI:
		return eIMEI
	case Personnummer:
		return ePnr
	case Fodselsnummer:
		return eFnr
	case SSN:
		return eSSN
	case Geo:
		return eGeo
	case OTP:
		return eOTP
	case Secret:
		return eSecret
	}
	return 0
}

// vocabulary gives the built-in words by what they say. Words are lower-case, joined, without accents
// (a folded view drops them), but for the few that texts carry as they are.
func vocabulary() map[evidence]string {
	return map[evidence]string{
		eSecret: `password passwd passwort pwd pswd pass passphrase passcode secret token apikey authorization credential credentials
			losenord lösenord passord adgangskode salasana kennwort contrasena contraseña motdepasse senha wachtwoord haslo hasło
			clientsecret accesstoken refreshtoken idtoken authtoken sessiontoken bearertoken apitoken secretkey accesskey
			privatekey encryptionkey signingkey sharedkey masterkey authkey bearer basicauth jsessionid phpsessid aspsessionid sessid sessionkey
			userpassword dbpassword xapikey secretaccesskey awssecretaccesskey pgpassword proxyauthorization`,
		ePassword:   `password passwd pwd passphrase passwort kennwort losenord passord salasana adgangskode by`,
		eSecretTail: `key`,
		eOTP:        `otp totp pin puk cvv cvc cvv2 cvc2 onetimepassword onetimecode verificationcode otpcode totpcode smsotpcode otppin engangskod engangskode pinkod pinkode pincode tan mtan smscode`,
		eCookie:     `cookie setcookie`,
		eQuery:      `key sig signature code auth sid session sessionid jwt samlresponse samlrequest assertion`,
		ePhone:      `phone phones phonenumber phonenumbers telephone telephonenumber tel telefon telefonnummer telefonnr telefonnumber tlf telefono teléfono telefone telefoon telefoonnummer puhelin puhelinnumero puhelinnro téléphone mobile mobilephone mobilenumber mobil mobilnummer mobilnr mobiltelefon mobiltelefonnummer mobilenr mobiel movil móvil celular cellphone cellnumber handynummer rufnummer rufnr msisdn msisdns gsm whatsapp mob mobnr mobiltel tfn tfnnr puh ph tlfnr phoneno phonenr telno telnr homephone workphone contactphone customerphone`,
		eCall:       `call calls called caller calling callee cell sms mms dial dialed dialled dialing fax ring ringa ringer ringde samtal samtalet anrop opkald oppringing soitto puhelu numeroon numerosta anruf appel llamada subscriber recipient handy portable landline hotline viber contact cli ani dnis did nummer numer numero número mobilt callback callednumber callingnumber callernumber subscribernumber contactnumber calleridnumber callerid`,
		eNumber:     `number num no nr nbr numbers nummer numero número`,
		eID:         `id ids identity identifier`,
		eParty:      `caller called calling callee subscriber contact home work office emergency destination originating terminating recipient sender dialed dialled forwarding callback whatsapp a b`,
		eNational:   `f pers fødsels fodsels födelse birth norwegian swedish norsk svensk svenskt national personal social identity tax citizen person insurance security`,
		ePnr:        `personnummer personnr persnr pnr personid personnumber personalnumber personalidentitynumber samordningsnummer nationalid nationalidnumber nationalidentitynumber socialsecuritynumber ssn identitynumber`,
		eFnr:        `fodselsnummer fødselsnummer fodselsnr fødselsnr foedselsnummer fnr dnummer dnr foedselsnr d personnummer personnr pnr nationalid nationalidentitynumber hnummer birthnumber`,
		eSSN:        `ssn socialsecurity socialsecuritynumber socialsecurityno taxid taxpayerid tin itin`,
		eIMSI:       `imsi imsis imsinumber`,
		eIMEI:       `imei imeis imeisv imeinumber deviceimei`,
		eGeo:        `geo gps coordinate coordinates coord coords latlon latlng latlong position location point koordinater koordinaten geolocation wgs84 pos`,
		ePlace:      `position location point pos`,
		eLat:        `lat latitude latitud`,
		eLon:        `lon lng long longitude longitud`,
		eVersion:    `version versions ver vers v firmware revision`,
		eRelease:    `build release rev fw bios driver sdk patch hotfix jvm jdk jre nginx apache openssl kernel`,
		eProduct:    `chrome chromium firefox safari opera webkit applewebkit edge edg version mozilla curl okhttp java python`,
		eFiller:     `is was are to for the of from with on at by via my your his her and or new old customer user s as value be has`,
		eStop:       `migrated imported exported processed deleted loaded model type brand os app screen offset offsets epoch took after order orders invoice batch count size port pid ref reference ticket time timestamp ts duration timeout latency bytes build version error status line row rows seq sequence partition lag txn transaction crc hash checksum case job task process thread build serial sku part parcel shipment account amount balance total price index length retry retries attempt attempts attempted users customers subscribers devices accounts sessions volume rate limit quota slot tac lac`,
		eUnit:       `ms us ns s sec secs second seconds msec usec min mins minutes hours h days bytes byte kb mb gb kib mib gib b k m rows records messages items total users customers subscribers sessions pending times percent lines requests calls visits hits views downloads attempts retries hz khz mhz usd eur sek nok gbp kr`,
		eKeyed:      `api access secret private encryption signing shared master auth account storage subscription client app consumer session ssh hmac aes rsa jwt`,
		eBenign:     `page next continuation pagination cursor sync cancel cancellation resume previous prev bucket`,
		eCode:       `code codes kod koden kode koodi password passcode`,
		eCodeFor:    `otp totp sms your din ihr dein verification time security confirmation login authentication 2fa mfa activation onetime bekraftelse`,
		eName: `firstname lastname fullname surname givenname familyname fornamn efternamn fornavn etternavn cardholder customername middlename maidenname forename legalname nameoncard cardholdername holdername accountholder contactname recipientname
			beneficiaryname subscribername passengername patientname vorname nachname etunimi sukunimi`,
		eAddress: `address streetaddress street homeaddress postaladdress adress gatuadress gateadresse postadress bostadsadress adresse address1 address2 addressline addressline1 addressline2 streetname billingaddress shippingaddress deliveryaddress
			mailingaddress residentialaddress`,
		eBirth:   `dateofbirth birthdate birthday dob fodelsedatum fodselsdato geburtsdatum syntymaaika`,
		eAccount: `accountid customerid accountnumber`,
	}
}

// builtinWords is the vocabulary as a table.
func builtinWords() map[string]evidence {
	words := make(map[string]evidence, 512)
	for e, list := range vocabulary() {
		start := -1
		for i := 0; i <= len(list); i++ {
			if i < len(list) && !isSpace(list[i]) {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 {
				words[foldWord(list[start:i])] |= e
				start = -1
			}
		}
	}
	return words
}

// foldWord is the form words are looked up in: lower case, letters and digits only.
func foldWord(word string) string {
	var buf [partBytes]byte
	return string(appendFolded(buf[:0], []byte(word)))
}

// appendFolded appends the letters and digits of word in lower case, up to the capacity of dst; so a
// longer word is cut, and never found.
func appendFolded(dst, word []byte) []byte {
	for i := 0; i < len(word) && len(dst) < cap(dst); i++ {
		b := word[i]
		switch {
		case isAlnum(b):
			dst = append(dst, lower(b))
		case b >= 0x80:
			if b >= 0x80 && b <= 0x9e && b != 0x97 && i > 0 && word[i-1] == 0xc3 {
				b += 0x20 // À to Þ: the capitals of Latin-1
			}
			dst = append(dst, b)
		}
	}
	return dst
}

// lookup gives what the word text[start:end] says.
func (s *Scanner) lookup(start, end int) evidence {
	if end-start > partBytes-2 || start >= end {
		return 0
	}
	return s.words[string(appendFolded(s.part[:0:partBytes], s.text[start:end]))]
}

// word bounds: letters, digits and bytes that are not ASCII.
func isWordByte(b byte) bool { return class[b]&(cLetter|cDigit|cHigh) != 0 }

// partStart is the start of the last camel-case part of the word text[start:end]: "Number" in
// subscriberNumber, "URL" in userURL.
func partStart(t []byte, start, end int) int {
	i := end - 1
	for i > start && !(isUpper(t[i]) && !isUpper(t[i-1])) {
		if isUpper(t[i-1]) && isLower(t[i]) { // the last capital of a run starts a part: "ID" + "Type"
			return i - 1
		}
		i--
	}
	return i
}
