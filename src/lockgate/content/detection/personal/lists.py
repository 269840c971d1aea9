"""Words that people, organizations and places are told by: own lists of what is common."""

from __future__ import annotations

from typing import Final

GIVEN: Final = """
aaron adam adrian agnes ahmed aileen alan albert alberto alejandra alejandro aleksandra alessandra alessandro
alex alexander alexandra alexandre alexis alfonso alfred alfredo alice alicia alison allison amanda amelia
amina amy ana anastasia anders andrea andreas andrei andrés andrew andrzej angel angela angelika angelo anita
anja ann anna anne annette annika anthony antoine anton antonella antonia antonio antónio arjun arthur arturo
ashley astrid aurélie ayse barbara beata beatrice beatriz ben benedikt benjamin bernard bernd bettina birgit
björn bob brandon brenda brian brigitte bruno camila camille carl carla carlo carlos carmen carol carolina
caroline catherine cecilia charles charlotte chloé chris christian christiane christina christine christoph
christophe christopher claire clara claudia claudio colin connor cristina cynthia dagmar daniel daniela
danielle david deborah denis denise dennis diana diego dieter dirk dmitri dominik dominique donald donna
dorothy dylan edith eduardo edward elena eleni elias elisa elisabeth elizabeth ella ellen emilia emilie emily
emma enrico enrique eric erica erik erika ernesto ernst esteban esther ethan eugene eva evelyn fabian fabio
fatima felix fernanda fernando filip florian francesca francesco francisca francisco françois françoise
frederik frédéric friedrich fritz gabriel gabriela gabriele gary geoffrey georg george gerald gerhard giorgio
giovanni giulia giuseppe gloria gonzalo grzegorz guido guillaume gustav günter hannah hanna hannes hans harald
harry hassan heather heidi heike heinrich heinz helen helena helga helmut henri henrik henry herbert hermann
horst howard hugo ian ibrahim ida ignacio igor ines inga inge ingrid irene irina isabel isabella isabelle ivan
jacek jack jacob jacqueline jacques jaime jakob james jan jane janet janina jason javier jean jeff jeffrey
jennifer jens jeremy jessica jim jimmy joan joanna joaquín joe joel johan johann johanna johannes john jonas
jonathan jordan jorge josé josef joseph joshua juan juana judith judy julia julian julie julien jürgen justin
karen karin karl karla katarina katarzyna kate katharina katherine kathleen kathrin katja katrin keith kelly
kenneth kevin khalid kimberly klaus kristen kristina krzysztof kurt kyle lars laura lauren laurent lea lena
leon leonardo leonie linda lisa lorenzo louis louise luca lucas lucia lucía lucy luigi luis luisa lukas luke
luís łukasz magdalena magnus małgorzata manfred manuel manuela marc marcel marcin marco marcos marcus margaret
margarita maria maría marie marina mario marion mariusz markus marta martha martin martina mary mateo matteo
matthew matthias matthieu mauro max maximilian megan mehmet melanie melissa michael michał michel michele
michelle miguel mikael mike mohamed mohammed monica monika monique muhammad nadia nancy natalia natalie
natasha nathalie nathan nicholas nick nicola nicolas nicole niels nikolai nina noah nora norbert olaf oleg
olga oliver olivia olivier omar oscar oskar otto pablo paola paolo pascal patricia patrick paul paula pauline
paulo pavel pedro peggy peter petra philip philipp philippe pierre pilar piotr priya rachel rafael rahul raj
ralf ralph ramón raquel raúl raymond rebecca regina reinhard renate renata ricardo richard rita robert roberta
roberto rodrigo roger roland rolf roman ronald rosa rosario ross ruben rudolf russell ruth ryan sabine sabrina
sally sam samantha samuel sandra sara sarah scott sean sebastian sergei sergio sharon shirley silke silvia
simon simone sofia sofía sonja sophia sophie stefan stefanie stephan stephanie stephen steve steven susan
susana susanne suzanne sven svetlana sylvia sylvie tamara tanja tatiana ted teresa thomas tim timothy tina
tobias todd tom tomas tomás tomasz tony torsten tyler udo ulrich ulrike ursula ute uwe valentina valerie
vanessa vera verónica veronica véronique victor victoria viktor vincent vincenzo virginia vladimir walter
waltraud wanda wayne wendy werner wilhelm william wojciech wolfgang xavier yann yolanda yvonne zachary zoe
"""
"""Given names that are hardly ever another word where they are capitalized."""

COUNTRIES: Final = """
afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|bahamas|bahrain
|bangladesh|barbados|belarus|belgium|belize|benin|bhutan|bolivia|bosnia and herzegovina|botswana|brazil|brunei
|bulgaria|burkina faso|burundi|cambodia|cameroon|canada|cape verde|chile|china|colombia|costa rica|croatia
|cuba|cyprus|czech republic|czechia|denmark|djibouti|dominican republic|ecuador|egypt|el salvador|eritrea
|estonia|ethiopia|fiji|finland|france|gabon|gambia|germany|ghana|greece|greenland|grenada|guatemala|guinea
|guyana|haiti|honduras|hungary|iceland|india|indonesia|iran|iraq|ireland|israel|italy|ivory coast|jamaica
|japan|kazakhstan|kenya|kosovo|kuwait|kyrgyzstan|laos|latvia|lebanon|lesotho|liberia|libya|liechtenstein
|lithuania|luxembourg|madagascar|malawi|malaysia|maldives|mali|malta|mauritania|mauritius|mexico|moldova
|monaco|mongolia|montenegro|morocco|mozambique|myanmar|namibia|nepal|netherlands|new zealand|nicaragua|niger
|nigeria|north korea|north macedonia|norway|oman|pakistan|palestine|panama|papua new guinea|paraguay|peru
|philippines|poland|portugal|puerto rico|qatar|romania|russia|rwanda|samoa|saudi arabia|senegal|serbia
|seychelles|sierra leone|singapore|slovakia|slovenia|somalia|south africa|south korea|spain|sri lanka|sudan
|suriname|sweden|switzerland|syria|taiwan|tajikistan|tanzania|thailand|togo|trinidad and tobago|tunisia
|turkmenistan|uganda|ukraine|united arab emirates|united kingdom|united states|united states of america
|uruguay|uzbekistan|venezuela|vietnam|yemen|zambia|zimbabwe|england|scotland|wales|northern ireland
|deutschland|österreich|schweiz|frankreich|italien|spanien|polen|niederlande|belgien|großbritannien|españa
|méxico|perú|brasil|francia|alemania|italia|estados unidos|reino unido|allemagne|espagne|italie|suisse
|belgique|états-unis|royaume-uni|nederland|polska|norge|sverige|danmark|suomi|türkiye
"""
CITIES: Final = """
abu dhabi|amsterdam|ankara|antwerp|athens|atlanta|auckland|baghdad|baltimore|bangalore|bangkok|barcelona|basel
|beijing|beirut|belfast|belgrade|bengaluru|berlin|bern|bilbao|birmingham|bogotá|bologna|bordeaux|boston
|brasília|bratislava|bremen|brisbane|brussels|bucharest|budapest|buenos aires|cairo|calgary|cape town|caracas
|casablanca|chennai|chicago|cleveland|cologne|copenhagen|córdoba|cracow|dallas|delhi|denver|detroit|dhaka
|dortmund|dresden|dubai|dublin|düsseldorf|edinburgh|essen|florence|frankfurt|frankfurt am main|geneva|genoa
|ghent|glasgow|gothenburg|granada|graz|guadalajara|hamburg|hanoi|hanover|hannover|havana|helsinki|hong kong
|houston|hyderabad|istanbul|jakarta|jerusalem|johannesburg|karachi|kiev|kyiv|kolkata|köln|kraków|kuala lumpur
|kyoto|lagos|lahore|las vegas|lausanne|leeds|leipzig|lille|lima|lisbon|lisboa|liverpool|ljubljana|london
|los angeles|lyon|madrid|málaga|manchester|manila|marseille|melbourne|mexico city|miami|milan|milano|milwaukee
|minneapolis|minsk|montevideo|montreal|montréal|moscow|mumbai|munich|münchen|murcia|nairobi|nantes|naples
|napoli|new delhi|new orleans|new york|new york city|nuremberg|nürnberg|oakland|osaka|oslo|ottawa|palermo
|palma de mallorca|pamplona|paris|philadelphia|pittsburgh|porto|portland|prague|quebec|québec|reykjavik|riga
|rio de janeiro|riyadh|rome|roma|rotterdam|sacramento|salamanca|salzburg|san antonio|san diego|san francisco
|san jose|santander|santiago de compostela|são paulo|sarajevo|seattle|seoul|sevilla|seville|shanghai|sheffield
|shenzhen|sofia|saint petersburg|stockholm|strasbourg|stuttgart|sydney|taipei|tallinn|tehran|tel aviv|den haag
|tokyo|toledo|toronto|toulouse|turin|torino|valencia|valladolid|vancouver|venice|vienna|vilnius|warsaw
|warszawa|washington|wellington|wien|winnipeg|zagreb|zaragoza|zurich|zürich|alicante|almería|badajoz|burgos
|cádiz|girona|gijón|oviedo|vigo|la coruña|a coruña|alabama|alaska|arizona|arkansas|california|colorado
|connecticut|delaware|florida|hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland
|massachusetts|michigan|minnesota|mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey
|new mexico|north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina
|south dakota|tennessee|texas|utah|vermont|west virginia|wisconsin|wyoming|ontario|british columbia|alberta
|manitoba|saskatchewan|nova scotia|new south wales|queensland|bavaria|bayern|saxony|sachsen|hessen
|niedersachsen|nordrhein-westfalen|baden-württemberg|catalonia|cataluña|andalucía|andalusia|galicia|navarra
|cantabria|asturias|extremadura|provence|bretagne|normandie|île-de-france|lombardia|toscana|sicilia|sardinia
|scandinavia|europe|asia|africa|north america|south america|latin america|middle east
"""
NATIONS: Final = """
afghan|albanian|algerian|american|angolan|argentine|argentinian|argentinean|armenian|australian|austrian
|azerbaijani|bahraini|bangladeshi|belarusian|belgian|bolivian|bosnian|brazilian|british|bruneian|bulgarian
|burmese|cambodian|cameroonian|canadian|chilean|chinese|colombian|costa rican|croatian|cuban|cypriot|czech
|danish|dominican|dutch|ecuadorian|egyptian|english|eritrean|estonian|ethiopian|filipino|finnish|french
|gambian|georgian|german|ghanaian|greek|greenlander|greenlandic|guatemalan|guinean|haitian|honduran|hungarian
|icelandic|indian|indonesian|iranian|iraqi|irish|israeli|italian|ivorian|jamaican|japanese|jordanian|kazakh
|kenyan|korean|kosovar|kuwaiti|laotian|latvian|lebanese|liberian|libyan|lithuanian|luxembourgish|macedonian
|malagasy|malawian|malaysian|maltese|mauritian|mexican|moldovan|mongolian|montenegrin|moroccan|mozambican
|namibian|nepalese|nicaraguan|nigerian|norwegian|omani|pakistani|palestinian|panamanian|paraguayan|peruvian
|polish|portuguese|puerto rican|qatari|romanian|russian|rwandan|salvadoran|saudi|scottish|senegalese|serbian
|singaporean|slovak|slovenian|somali|south african|spanish|sri lankan|sudanese|swedish|swiss|syrian|taiwanese
|tajik|tanzanian|thai|togolese|tunisian|turkish|turkmen|ugandan|ukrainian|uruguayan|uzbek|venezuelan
|vietnamese|welsh|yemeni|zambian|zimbabwean
"""


def alternatives(words: str) -> str:
    """Return a list as alternatives of an expression, the longer before what begins them."""
    return "|".join(sorted(words.replace("\n", "").split("|"), key=len, reverse=True))
