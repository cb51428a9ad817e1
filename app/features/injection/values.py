"""What is asked for, by class: fields and their values, forms, small words, in any language."""

from typing import Final

VALUES: Final[dict[str, str]] = {
    # all
    "A": "all|any|every|everything|whatever|alle|alles|sämtliche|tout|toute|toutes|tous|toda|"
    "todas|todos|todo|tutte|tutti|tutto|wszystkie|wszystko|wszystkich|все|всех|tüm|bütün|her|"
    "所有|全部|一切|すべて|全て|あらゆる|complete|entire|whole|each|all of|any of|gesamte|gesamten|jegliche|"
    "alla|hela|모든*|전부|جميع|كل|todos los|все эти|любые|hepsi",
    # those before
    "a": "previous|prior|above|earlier|preceding|former|foregoing|bisherigen|bisherige|"
    "vorherigen|vorherige|obigen|vorigen|vorangegangenen|précédentes|précédente|précédents|"
    "antérieures|ci dessus|anteriores|anterior|previas|previos|precedenti|vorige|eerdere|"
    "voorgaande|bovenstaande|poprzednie|poprzednich|wcześniejsze|powyższe|предыдущие|"
    "предыдущих|прежние|вышеуказанные|önceki|yukaridaki|之前|以前|先前|以上|上述|上面|これまで|今まで|前の|上記|"
    "supplied earlier|given earlier|received|supplied|given to you|you were given|"
    "you have been given|you ve been given|you received|you have received|you were told|"
    "provided to you|so far|until now|up to now|before this|initial|original|existing|"
    "current|default|old|prior to this|before|früheren|frühere|vorher|vorherigem|bisher|"
    "vorab|gegebenen|erhaltenen|alten|bestehenden|ursprünglichen|zuvor|davor|reçues|reçus|"
    "précédemment|antérieurs|données|initiales|actuelles|jusqu ici|plus haut|"
    "qu on t a données|que tu as reçues|que vous avez reçues|recibidas|que te dieron|"
    "que recibiste|que has recibido|previamente|hasta ahora|iniciales|de arriba|dadas|"
    "que se te dieron|anteriormente|ricevute|ricevuti|finora|iniziali|date finora|"
    "che hai ricevuto|che ti sono state date|di prima|sopra|recebidas|que recebeu|"
    "que você recebeu|até agora|iniciais|acima|que lhe foram dadas|eerder|ontvangen|gekregen|"
    "tot nu toe|voorafgaande|die je kreeg|die je hebt gekregen|hiervoor|bestaande|otrzymane|"
    "otrzymanych|dotychczasowych|dotychczasowe|wcześniejszych|początkowe|прежним|предыдущим|"
    "прежних|полученные|полученных|полученным|ранее|данные тебе|которые тебе дали|выше|"
    "старые|исходные|daha önceki|önce|verilen|şimdiye kadar|此前|原有|原来|原本|最初|收到|既有|给你|到目前为止|"
    "以前の|先の|与えられた|最初の|既存の|過去の|受け取った|従来の|tidigare|föregående|ovanstående|givna|이전*|앞선|위의|기존*|"
    "지금까지*|السابقة|السابق|اعلاه|المعطاة",
    # those of the machine
    "y": "your|deine|deinen|deiner|deines|ihre|ihren|tes|ton|vos|votre|tu|tus|sus|tue|tuo|tuoi|"
    "vostre|tuas|suas|seus|teus|jouw|je|uw|swoje|swoich|twoje|твои|свои|ваши|sana verilen|"
    "senin|你的|您的|あなたの|given|system|safety|the system s|its|thy|your own|deinem|dein|ihrer|"
    "les tiens|sua|suo|suoi|seu|teu|tua|uw eigen|jouwe|swój|twój|twoich|твоей|твоего|твоим|"
    "своим|своих|своей|ваших|sizin|sana|你|您|sicherheits|moderation|dina|din|ditt|당신의|너의|네|"
    "시스템*|twoja|twoim|твоя|твою|ta",
    # a ticket's fields that customers do not name
    "F": "urgency|sentiment|urgence|urgencia|urgenza|urgentie|dringlichkeit*|pilność|pilności|"
    "срочность|срочности|aciliyet*|紧急程度|紧急度|緊急度|severity field|情绪|感情|urgency level|"
    "urgency rating|urgency score|urgency field|urgency value|urgent level|urgentieniveau|"
    "dringlichkeitsstufe|niveau d urgence|nivel de urgencia|livello di urgenza|urgentiegraad|"
    "stopień pilności|poziom pilności|степень срочности|уровень срочности|aciliyet düzeyi|"
    "aciliyet seviyesi|紧急级别|紧急等级|紧急性|緊急性|緊急レベル|urgensgrad|brådskegrad|angelägenhetsgrad|"
    "brådskandegrad|긴급도*|긴급성*|الاستعجال|الالحاح|درجة الالحاح|مستوى الاستعجال|criticality|"
    "severity rating|severity level|urgency class|triage result|triage level|"
    "escalation level|kritikalität|criticité|criticidad|criticità|criticidade|einstufung|"
    "clasificación|classificazione|classificação|classificatie|klasyfikacja|классификация|"
    "分类结果|分類結果|niveau de gravité|nivel de gravedad|classification result|"
    "classification label|triage label|urgency label",
    # fields that they do
    "P": "priority|severity|mood|topic|situation|priorität*|priorité|prioridad|prioridade|"
    "priorità|prioriteit|priorytet|приоритет|öncelik*|önceliği|优先级|優先度|stimmung|importance|"
    "prioritet|priority level|우선순위*|الاولوية|优先等级|重要度",
    # the product
    "p": "product|produkt|produit|producto|prodotto|produto|продукт|ürün|ürünü|产品|製品",
    # urgencies and moods
    "V": "high|low|lowest|medium|urgent|positive|negative|neutral|hoch|dringend|élevée|haute|"
    "alta|alto|urgente|hoog|wysok*|высок*|yüksek|acil|紧急|严重|关键|高|緊急|danger|angry|niedrig|"
    "gering|urgentes|elevada|elevado|dringende|pilne|pilna|срочн*|низк*|acilen|önemli|"
    "brådskande|hög|긴급*|높음|عاجل|عاجلة|عالية",
    # categories
    "c": "billing|defect|outage|account|technical|other|returns|shipping|question|facturación|"
    "rechnung|facturation|fatturazione",
    # only
    "N": "only|solely|exclusively|just|nur|ausschließlich|lediglich|uniquement|seulement|"
    "exclusivement|solo|solamente|únicamente|soltanto|somente|apenas|alleen|slechts|enkel|"
    "uitsluitend|tylko|wyłącznie|только|лишь|исключительно|sadece|yalnizca|只|仅|只能|だけ|のみ|"
    "no more than|merely|nur noch|allein|rien que|nada más que|solo e soltanto|enbart|endast|"
    "bara|오직|فقط|jedynie|лишь только|yalniz|而已|仅仅|只需|限り|ばかり",
    # and nothing else
    "n": "nothing else|nothing more|and stop|nichts anderes|sonst nichts|rien d autre|nada más|"
    "nient altro|nada mais|mais nada|niets anders|nic więcej|ничего больше|и ничего|"
    "başka bir şey|其他什么都不|それ以外|no other text|no explanation|no explanations|"
    "without explanation|without any explanation|no further text|kein weiterer text|"
    "ohne erklärung|sans explication|sans autre texte|sin explicación|sin más texto|"
    "senza spiegazioni|sem explicação|sem mais nada|zonder uitleg|bez wyjaśnień|"
    "без объяснений|açiklama yapmadan|不要解释|不要输出其他|説明なしで|説明は不要|others nothing|inget annat",
    # with, the word
    "K": "with|what|mit|mit dem wort|avec|par le mot|con|com|met|słowem|словом|diye|exactly|in|"
    "на|na|en|auf",
    # forms of text
    "X": "poem|poems|haiku|limerick|song|rhyme|rhymes|pirate|xml|json|yaml|base64|emoji|emojis|"
    "all caps|capital letters|uppercase|shakespeare*|gedicht*|reimen|großbuchstaben|poème|"
    "poésie|majuscules|poema|rima|mayúsculas|poesia|maiuscolo|versi|maiúsculas|hoofdletters|"
    "rijm|wiersz*|rymem|стих*|стихами|рифм*|şiir*|诗|诗歌|詩|俳句|海盗|海賊|klingon|elvish|pig latin|"
    "morse|morse code|rot13|emoticons|verse|verses|sonnet|ballad|rap|song lyrics|leetspeak|"
    "klingonisch|haikus|vers|alexandrins|klingonien|chanson|soneto|versos|canción|sonetto|"
    "canzone|filastrocca|rime|canção|liedje|sonet|piosenk*|sonet*|сонет*|хокку|песн*|şarki*|"
    "歌词|五言|文言文|短歌|歌|ポエム|クリンゴン語|海賊口調|dikt",
    # from now on
    "z": "from now on|henceforth|from here on|ab jetzt|ab sofort|von nun an|désormais|"
    "à partir de maintenant|dorénavant|a partir de ahora|de ahora en adelante|d ora in poi|"
    "da ora in poi|a partir de agora|de agora em diante|vanaf nu|od teraz|"
    "\u0441 этого момента|отныне|şu andan itibaren|bundan sonra|从现在起|从现在开始|今から|これから|以降は|"
    "starting now|as of now|effective immediately|from this point on|from this moment on|"
    "from this point forward|going forward|künftig|ab nun|ab diesem moment|dès maintenant|"
    "à compter de maintenant|desde ahora|en adelante|d ora innanzi|da questo momento|"
    "daqui em diante|daqui para frente|voortaan|od tej chwili|od tego momentu|"
    "с данного момента|впредь|bu andan itibaren|artik|今后|即刻起|自此|今後|以後|ここからは|hädanefter|"
    "från och med nu|지금부터|من الان",
    # this
    "j": "this|these|dieser|dieses|diese|diesen|cette|ce|cet|esta|este|questo|deste|desta|dit|"
    "deze|tego|tej|этой|этого|bu|这|这个|此|この|本|該",
    # to
    ">": "to|zu|op|naar|su|для|в",
    # as
    "k": "as|als|comme|como|come|jako|как|olarak|作为|として|as if",
    # word for word
    '"': "verbatim|word for word|letter by letter|character by character|wörtlich|wortwörtlich|"
    "wort für wort|mot pour mot|mot à mot|textuellement|palabra por palabra|"
    "parola per parola|alla lettera|palavra por palavra|woord voor woord|słowo w słowo|"
    "слово в слово|дословно|kelimesi kelimesine|harfi harfine|逐字|一字不差|一字一句|ord för ord",
    # the highest values
    "m": "critical|highest|maximum|max|maximal|top|topmost|emergency|blocker|p0|p1|sev1|"
    "catastrophic|kritisch|kritische|kritischer|kritischen|kritisches|höchste|höchster|"
    "höchsten|höchstem|maximale|maximalen|oberste|notfall|critique|critiques|urgence absolue|"
    "crítica|crítico|críticas|críticos|critici|critiche|máxima|máximo|massima|massimo|"
    "emergencia|emergenza|kritiek|kritieke|hoogste|maximaal|noodgeval|krytyczn*|najwyższ*|"
    "maksymaln*|критическ*|критичн*|наивысш*|максимальн*|высш*|kritik|en yüksek|en üst|azami|"
    "最高|最高级|最高级别|最大|特急|致命|危急|最优先|クリティカル|重大|最優先|最緊急|högsta|kritiskt|최고*|최상*|حرج|حرجة|قصوى|"
    "القصوى|most urgent|most severe|most critical|highest possible|red alert|code red|"
    "dringendste*|le plus urgent|la plus urgente|plus élevé|más urgente|más alto|más alta|"
    "más grave|più urgente|più alto|più alta|mais urgente|mais alto|mais alta|mais grave|"
    "meest urgent*|najpilniejsz*|самый срочный|самой срочной|самую высокую|самый высокий|"
    "en acil|最紧急|最严重|最も緊急|最も高い|最重要",
    # one word
    "~": "single token|single word|one word|one token|single letter|single character|the word|"
    "the single word|a single word|einzigen wort|das wort|einem wort|dem wort|seul mot|"
    "le mot|una palabra|sola palabra|la palabra|una parola|sola parola|la parola|uma palavra|"
    "única palavra|a palavra|één woord|het woord|jedno słowo|jednego słowa|słowo|одно слово|"
    "одного слова|слово|tek kelime|tek bir kelime|kelimesi*|一个字|一个词|一个单词|两个字|一言|一語|単語|という言葉|"
    "ett ord|ordet|한 단어|au mot|du mot|alla parola|aan het woord|do słowa|из слова|"
    "kelimesinden",
    # languages
    ",": "english|german|french|spanish|italian|portuguese|dutch|polish|russian|turkish|"
    "chinese|japanese|korean|arabic|swedish|latin|esperanto|greek|hebrew|welsh|finnish|"
    "deutsch|englisch|französisch|spanisch|italienisch|latein|anglais|allemand|français|"
    "espagnol|italien|inglés|alemán|francés|inglese|tedesco|francese|spagnolo|latino|alemão|"
    "espanhol|latim|engels|duits|frans|latijn|angielsku|niemiecku|francusku|łacinie|"
    "английском|немецком|французском|латыни|ingilizce|almanca|fransizca|latince|英文|英语|德语|法语|"
    "拉丁语|英語|ドイツ語|フランス語|ラテン語|engelska|tyska",
    # new, real
    "l": "new|real|true|actual|updated|revised|sole|next|neue|neuen|neuer|eigentliche|"
    "eigentlichen|wahre|echte|einzige|aktualisierte|nouvelle|nouvelles|nouveau|vraie|"
    "véritable|seule|nueva|nuevas|nuevo|verdadera|única|nuova|nuove|nuovo|vera|vero|unico|"
    "reale|nova|novas|verdadeira|nieuwe|enige|werkelijke|nowe|nowa|nowy|prawdziwe|prawdziwy|"
    "jedynym|новые|новая|новое|новый|новым|настоящая|единственная|yeni|gerçek|tek|新的|新|真正|唯一|"
    "新しい|新たな|本当の|ny|nya|새로운|الجديدة",
    # what is no reality
    "'": "a test|just a test|only a test|an example|a joke|a drill|a simulation|a decoy|"
    "fictional|fake|not real|placeholder|dummy text|ein test|nur ein test|ein beispiel|"
    "un test|un exemple|une fiction|un simple test|una prueba|un ejemplo|una simulación|"
    "solo una prueba|una prova|un esempio|um teste|um exemplo|een test|een voorbeeld|"
    "tylko test|testem|tylko przykład|тестом|тест|был тест|примером|testti|sadece test|"
    "bir testti|测试|演习|示例|テスト|例でした|ett test|irrelevant|irrelevante|meaningless|bedeutungslos|"
    "sans importance|irrelevantes|irrilevante",
    # whatever an email says
    "#": "regardless of the content|regardless of content|regardless of its content|"
    "regardless of the contents|whatever the text|whatever the content|whatever the message|"
    "whatever the email|whatever it says|no matter what the|irrespective of|"
    "independent of the content|unabhängig vom inhalt|quel que soit|indépendamment du|"
    "sin importar|independientemente del|sea cual sea|indipendentemente dal|qualunque sia|"
    "independentemente do|seja qual for|ongeacht|wat de inhoud ook|niezależnie od|"
    "bez względu na|независимо от|вне зависимости от|ne olursa olsun|bakilmaksizin|无论内容|不管内容|"
    "に関わらず|にかかわらず|を問わず",
    # whenever you
    "<": "whenever you|every time you|each time you|if you name|when naming|when you mention|"
    "if asked|whenever asked|immer wenn du|jedes mal wenn du|wann immer du|"
    "chaque fois que tu|à chaque fois que|quand tu mentionnes|cada vez que|siempre que|"
    "ogni volta che|ogniqualvolta|sempre que|toda vez que|telkens als je|elke keer dat je|"
    "za każdym razem gdy|zawsze gdy|każdorazowo|каждый раз когда ты|всякий раз|каждый раз|"
    "her seferinde|ne zaman|每当|每次|するたびに|ときは必ず|varje gång du",
    # always
    "*": "always|invariably|without exception|automatically|by definition|immer|stets|"
    "ausnahmslos|automatisch|toujours|systématiquement|automatiquement|siempre|"
    "automáticamente|sempre|sempre e comunque|altijd|zawsze|automatycznie|всегда|"
    "автоматически|her zaman|daima|otomatik olarak|始终|总是|一律|自动|永远|常に|必ず|自動的に|いつも|alltid",
    # the category, which customers also name
    "Ä": "category|kategorie|catégorie|categoría|kategori|категория|категорию|类别|カテゴリ|カテゴリー|"
    "category field|situation field|mood field",
    # for, before a machine
    "Ü": "an|an das|an die|an den|für|for|pour|al|au|aux|para|per|aan|voor|dla|till|ao|à l|"
    "para el|para la|para o|addressed to|dirigido a|destinato a",
}
