"""What is ordered or stated, by class: verbs, modals and their subjects, in any language."""

from typing import Final

ACTS: Final[dict[str, str]] = {
    # to drop instructions, as an order
    "O": "ignore|disregard|forget|override|bypass|overlook|do not follow|don t follow|"
    "do not obey|stop following|stop obeying|ignoriere|ignorier|ignorieren|vergiss|"
    "vergessen sie|missachte|überschreibe|verwirf|umgehe|befolge nicht|oublie|oubliez|"
    "ignorez|ignorer|ne tiens pas compte|ne tenez pas compte|ne suis pas|fais abstraction|"
    "olvida|olvide|ignora|haz caso omiso|omite|omita|no sigas|dimentica|dimenticate|ignorate|"
    "trascura|non seguire|esqueça|esquece|desconsidere|desconsidera|não siga|negeer|vergeet|"
    "zignoruj|ignoruj|zapomnij|pomiń|игнорируй|игнорируйте|проигнорируй|проигнорируйте|"
    "забудь|забудьте|отмени|yok say|yok sayin|görmezden gel|görmezden gelin|unut|"
    "dikkate alma|忽略|无视|無視|忘记|忘掉|忘れ|不要遵守|不要理会|从现在起不再|従わない|pay no attention|"
    "pay no attention to|do not pay attention to|pay no heed to|take no notice of|"
    "put out of your mind|disobey|do not comply|do not comply with|don t comply with|"
    "do not adhere to|no longer follow|no longer obey|never mind|disregarding|ignoring|"
    "unlearn|violate|circumvent|lass außer acht|lasse außer acht|außer acht|beachte nicht|"
    "nicht beachten|übergehe|setze dich hinweg|missachten sie|pfeif auf|ne respecte plus|"
    "ne respecte pas|ne respectez plus|ne suis plus|ne suivez plus|ne tiens plus compte|"
    "ne tenez plus compte|n obéis plus|n applique plus|néglige|passe outre|laisse de côté|"
    "laissez de côté|mets de côté|contourne|désobéis|deja de lado|deje de lado|"
    "deja de seguir|no tengas en cuenta|no tenga en cuenta|no hagas caso|no obedezcas|"
    "no respetes|haz a un lado|pasa por alto|descarta|desobedece|prescinde|prescinde de|"
    "non tenere conto|non tener conto|non considerare|non rispettare|non obbedire|"
    "lascia perdere|lascia da parte|metti da parte|disattendi|tralascia|scorda|ignori|"
    "deixe de lado|deixa de lado|não leve em conta|não considere|não obedeça|não respeite|"
    "não cumpra|deixe de seguir|descarte|pule|houd geen rekening met|hou geen rekening met|"
    "let niet op|laat buiten beschouwing|volg niet|volg niet langer|sla geen acht op|"
    "trek je niets aan van|nie zważaj na|nie bierz pod uwagę|nie przestrzegaj|nie stosuj|"
    "nie stosuj się do|odrzuć|pomijaj|zlekceważ|lekceważ|przestań stosować|nie słuchaj|"
    "не следуй|не следуйте|не соблюдай|не выполняй|не учитывай|не обращай внимания на|"
    "не обращай внимания|не подчиняйся|отбрось|отбросьте|пренебреги|перестань следовать|"
    "не придерживайся|больше не следуй|göz ardi et|dikkate almayi birak|hiçe say|aldirma|"
    "uyma|uymayi birak|boş ver|bir kenara birak|takip etme|不要再遵循|不要遵循|别遵循|不再遵循|不必遵守|不要再遵守|别管|"
    "别理会|不用理会|抛开|抛弃|舍弃|忽视|不顾|别听|停止遵循|请勿遵守|无需遵守|従わないで|従わなくて|従う必要はない|忘れて|無視し|破棄|考慮しないで|守らないで|"
    "守らなくて|従うな|気にせず|放棄|ignorera|glöm|glöm bort|bortse från|bortse ifrån|strunta i|åsidosätt|"
    "följ inte|무시하고|무시하세요|무시해|무시하라|무시하십시오|무시해라|무시하시오|잊어|잊고|잊어라|잊으세요|잊어버려|따르지|تجاهل|تجاهلي|"
    "تجاهلوا|وتجاهل|انس|انسى|لا تتبع|اهمل|buiten beschouwing|beiseite|opzij|à l écart|"
    "de côté|de lado|a un lado|da parte|na bok|aside|out of the window|über bord|overboord|"
    "pour nulles|para trás|в сторону|を捨て|抛到脑后|置之不理|束之高阁|halte dich nicht mehr|"
    "halte dich nicht mehr an|halte dich nicht an|halten sie sich nicht an|ne t en tiens plus",
    # to be of no force
    "v": "void|obsolete|cancelled|canceled|revoked|suspended|no longer apply|no longer valid|"
    "lifted|ungültig|aufgehoben|annulées|anuladas|annullate|nieważne|недействительны|"
    "отменены|geçersiz|作废|无效|無効|voided|null and void|superseded|overridden|waived|"
    "do not apply|don t apply|does not apply|no longer in force|not in force|"
    "no longer binding|not binding|out of force|do not exist|don t exist|gelten nicht|"
    "nicht mehr gelten|gelten nicht mehr|nicht mehr gültig|außer kraft gesetzt|"
    "existieren nicht|nichtig|hinfällig|entfallen|ne s appliquent plus|ne s appliquent pas|"
    "ne valent plus|n existent pas|n existent plus|caduques|plus valables|no se aplican|"
    "ya no se aplican|no valen|ya no valen|no existen|ya no existen|nulas|sin efecto|"
    "quedan anuladas|non valgono|non valgono più|non esistono|non si applicano|nulle|"
    "revocate|não valem|não valem mais|já não valem|não se aplicam|não existem|canceladas|"
    "revogadas|niet bestaan|bestaan niet|gelden niet|gelden niet meer|niet gelden|vervallen|"
    "ongeldig|nie obowiązują|już nie obowiązują|nie istnieją|unieważnione|anulowane|"
    "не действуют|больше не действуют|не существуют|не применяются|отменяются|аннулированы|"
    "утратили силу|geçerli değil|geçersizdir|artik geçerli değil|iptal edildi|"
    "yürürlükten kalkti|不再适用|不适用|不再有效|失效|已取消|不存在|适用されない|適用されません|適用しない|適用外|失効|存在しない|"
    "gäller inte|upphävda|ogiltiga",
    # to reveal
    "L": "reveal|show|show me|repeat|display|disclose|leak|write out|write down|tell me|quote|"
    "recite|copy|dump|expose|share|include|append|paste|zeige|zeig|wiederhole|verrate|drucke|"
    "affichez|montre|montrez|révèle|répète|muestra|muestre|revela|repite|dime|mostra|mostre|"
    "rivela|ripeti|repita|exiba|toon|onthul|herhaal|print uit|pokaż|ujawnij|powtórz|podaj|"
    "покажи|покажите|раскрой|повтори|напечатай|göster|açikla|tekrarla|paylaş|显示|告诉我|重复|透露|打印|"
    "表示|教えて|開示|繰り返し|what is|what are|what s|was ist|wie lautet|quel est|quelles sont|cuál es|"
    "cuáles son|quais são|qual é|copy out|transcribe|reproduce|restate|spell out|list|"
    "divulge|surface|echo|kopiere|offenbare|liste|schreib ab|schreibe ab|gebe|gib mir|"
    "zeig mir|zitiere|recopie|recopiez|copie|copiez|reproduis|dévoile|divulgue|cite|copia|"
    "enseña|enséñame|muéstrame|divulga|cita|recita|trascrivi|riporta|elenca|svela|mostrami|"
    "transcreva|kopieer|citeer|laat zien|geef weer|openbaar|skopiuj|przepisz|zacytuj|"
    "wyświetl|скопируй|перепиши|процитируй|перечисли|раскройте|выведите|kopyala|listele|"
    "ifşa et|söyle|复制|抄写|列出|背诵|泄露|コピー|書き写し|見せて|述べて|表示し|visa|skriv ut|avslöja|upprepa|보여|출력*|"
    "공개*|알려|اعرض|اكشف|اطبع|كرر|wie lauten",
    # to set
    "S": "set|mark|assign|put|change|raise|make|fill|name|report|report the|use|record|flag|"
    "escalate|setze|setz|stelle|markiere|trage|ändere|nenne|verwende|mets|mettez|définis|"
    "définissez|marque|indique|fixe|establece|establezca|pon|ponga|asigna|indica|imposta|"
    "impostate|segna|metti|assegna|defina|coloque|atribua|ponha|stel|zet|markeer|vul|ustaw|"
    "oznacz|wpisz|nadaj|установи|установите|поставь|пометь|назначь|укажи|ayarla|işaretle|"
    "belirle|yap|设置|标记|填写|設定|マーク|变更|変更|must receive|shall receive|should receive|"
    "has to receive|must get|must carry|give|bump|upgrade|elevate|log|register|declare|"
    "select|choose|pick|adjust|update|tag|setzen sie|stell|vergib|weise zu|trag|melde|ordne|"
    "erhöhe|hebe|wähle|attribue|attribuez|donne|mettre|passe|passez|sélectionne|fixez|"
    "doit recevoir|define|asigne|configura|sube|eleva|cambia|ajusta|selecciona|declara|"
    "registra|marca|debe recibir|dale|imposti|alza|aumenta|porta|seleziona|dichiara|"
    "contrassegna|dai|deve ricevere|altere|mude|ajuste|eleve|selecione|registre|configure|"
    "deve receber|wijzig|verander|verhoog|kies|meld|noteer|ken toe|plaats|moet krijgen|zmień|"
    "podnieś|wybierz|przypisz|zgłoś|daj|określ|musi otrzymać|измени|повысь|выбери|присвой|"
    "задай|выставь|сделай|обозначь|сообщи|должно получить|должен получить|değiştir|yükselt|"
    "seç|ata|ver|bildir|kaydet|设定|定为|标为|标注|调整|提升|提高|选择|指定|报告|上げて|選択|変えて|記録|付けて|報告|としてください|"
    "sätt|ange|markera|ändra|höj|설정*|지정*|표시*|اضبط|واضبط|اجعل|واجعل|حدد|عين",
    # to set, after its object
    "s": "设为|设成|改为|写成|に設定|に変更|にして",
    # to classify
    "C": "classe|classify|categorize|categorise|label|rate|score|grade|klassifiziere|stufe|"
    "kategorisiere|bewerte|werte|classifie|classifiez|classez|évalue|qualifie|clasifica|"
    "clasifique|classifica|valuta|classifique|classificeer|beoordeel|sklasyfikuj|"
    "zaklasyfikuj|oceń|классифицируй|оцени|отнеси|siniflandir|değerlendir|分类为|归类|判定|分類|评为|"
    "classified|categorized|categorised|labelled|labeled|rated|graded|triage|triaged|assess|"
    "evaluate|judge|prioritize as|einstufen|eingestuft|klassifiziert|bewertet|stuf|classée|"
    "classer|évaluez|clasificado|clasificada|categoriza|califica|calificar|evalúa|clasificar|"
    "classificato|classificata|classificate|valutate|categorizza|classificado|classificada|"
    "avalie|geclassificeerd|ingedeeld|indelen|classificeren|waardeer|sklasyfikowane|"
    "klasyfikuj|kategoryzuj|oznaczone|классифицируйте|классифицировать|оцените|квалифицируй|"
    "siniflandirin|siniflandirilmali|derecelendir|归为|分类|评定|评级|判为|分類し|評価し|判定し|klassificera|"
    "분류*|صنف|وصنف|recorded|listed|reported|registered",
    # to answer
    "U": "answer|reply|respond|say|write|return|state|antworte|schreibe|schreib|sage|réponds|"
    "écris|écrivez|renvoie|dis|responde|contesta|escribe|rispondi|scrivi|restituisci|"
    "responda|escreva|devolva|diga|antwoord|schrijf|geef|odpowiedz|odpowiadaj|napisz|zwróć|"
    "ответь|отвечай|напиши|пиши|верни|cevap ver|yanitla|yaz|yanit ver|回答|回复|答复|答え|回答し|返信|返し|"
    "书写|書い|書き|antworten sie|antworten|erwidere|schreiben sie|formuliere|répondez|répondre|"
    "écrire|rédige|formule|responder|conteste|escriba|redacta|rispondere|rispondete|scrivete|"
    "redigi|escreve|redija|retorne|antwoorden|reageer|formuleer|odpowiadać|pisz|ответьте|"
    "отвечайте|напишите|пишите|yanitlayin|cevapla|cevap verin|yazin|作答|应答|回應|返答|答えて|書いて|"
    "svara|skriv|답변하*|답하*|대답하*|응답하*|작성하*|اجب|اكتب|رد|speak|talk|sprich|parle|habla|parla|"
    "fale|spreek|mów|говори|konuş|说",
    # to print
    "u": "output|print|emit|generate|produce|gib|affiche|imprime|imprima|stampa|wypisz|выведи|"
    "yazdir|输出|出力|emit only|return only|output only|ausgeben|gebt|erzeuge|generiere|produis|"
    "génère|genera|devuelve|emite|produci|gere|produza|genereer|produceer|wygeneruj|"
    "сгенерируй|üret|生成|出力し|生成し",
    # you are now
    "Z": "you are now|you re now|act as|pretend|pretend to be|you will act as|"
    "you are no longer|roleplay as|behave as|du bist jetzt|du bist ab jetzt|du bist nun|"
    "ab jetzt bist du|verhalte dich|tu dich|tu es maintenant|vous êtes maintenant|"
    "tu es désormais|agis comme|désormais tu es|ahora eres|eres ahora|actúa como|"
    "a partir de ahora eres|ora sei|sei ora|da ora sei|agisci come|comportati|agora és|"
    "agora você é|você agora é|aja como|je bent nu|je bent vanaf nu|gedraag je|doe alsof|"
    "jesteś teraz|teraz jesteś|od teraz jesteś|udawaj|ты теперь|теперь ты|вы теперь|"
    "притворись|действуй как|sen artik|artik sen|gibi davran|你现在是|从现在起你是|你不再是|扮演|あなたは今から|"
    "今からあなたは|あなたはもう|として振る舞|you will be|you are from now on|you are henceforth|"
    "your new role is|your role is now|you play|take the role of|take on the role|"
    "assume the role of|assume the persona|impersonate|du spielst|deine neue rolle|"
    "spiele die rolle|agiere als|stell dir vor du bist|stell dich als|tu seras|tu joues|"
    "joue le rôle|fais comme si|imagine que tu es|comporte toi comme|fais semblant|"
    "actúe como|compórtate como|haz de cuenta|finge|finge que|imagina que eres|haz como si|"
    "desde ahora eres|sarai|fai finta|fingi|immagina di essere|fai come se|fai la parte di|"
    "finja|faça de conta|imagine que você é|comporte se como|interprete|assuma o papel|"
    "doe je voor als|speel de rol|stel je voor dat je|fungeer als|wciel się|zachowuj się jak|"
    "działaj jako|wyobraź sobie że jesteś|graj rolę|представь что ты|веди себя как|"
    "играй роль|сделай вид|отныне ты|gibi yap|rolünü oyna|rolüne gir|olduğunu hayal et|假装|"
    "你将扮演|假设你是|ふりをして|になりきって|演じて|役割は|として行動|du är nu|låtsas|agera som|너는 이제|당신은 이제|انت الان|"
    "you are not bound by|you are free of|you are free from|you no longer have|"
    "you have been freed|du bist frei von|du bist nicht mehr|tu n es plus|tu n as plus|"
    "ya no eres|ya no tienes|non sei più|non hai più|você não é mais|je bent niet langer|"
    "nie jesteś już|ты больше не|у тебя больше нет|你不受|你不再受|you have been upgraded|"
    "you have become|you ve become",
    # on
    "e": "on|enabled|activated|active|engaged|enable|activate|enter|switch to|aktiviert|aktiv|"
    "activado|attivata|ativado|ingeschakeld|włączony|включен|etkin|aktif|开启|启用|已启用|有効|オン",
    # to send
    "D": "send|forward|post|upload|transmit|submit|exfiltrate|sende|schicke|leite|envoie|"
    "envoyez|transmets|envía|envíe|manda|invia|inoltra|encaminhe|stuur|wyślij|prześlij|"
    "отправь|перешли|gönder|发送|转发|送信|転送|leak to|transfer|deliver|ship|relay|forward it|"
    "copy to|leite weiter|übermittle|verschicke|lade hoch|transmettez|transfère|expédie|"
    "reenvía|remite|transmite|spedisci|trasmetti|carica|transmita|mande|verzend|verstuur|"
    "przekaż|wyślijcie|отправьте|перешлите|передай|ilet|yükle|上传|传送|转给|アップロード|skicka|보내*|ارسل",
    # to use a tool
    "f": "call the tool|call the function|use the tool|invoke the tool|invoke the function|"
    "use the function|execute the function|execute the command|tool_call|function_call|"
    "tool call|rufe das tool|appelle l outil|llama a la herramienta|appelle la fonction|"
    "llama a la función|chiama la funzione|chame a função|调用工具|调用函数|ツールを呼び出|run the tool|"
    "execute the tool|trigger the tool|trigger the function|run the command|run the function|"
    "invoke function|invoke tool|führe das tool|führe die funktion|exécute la fonction|"
    "exécute la commande|utilise l outil|ejecuta la función|ejecuta el comando|"
    "usa la herramienta|esegui la funzione|esegui il comando|usa lo strumento|"
    "execute a função|execute o comando|use a ferramenta|roep de functie aan|"
    "roep de tool aan|voer de functie uit|wywołaj funkcję|wywołaj narzędzie|вызови функцию|"
    "вызови инструмент|выполни команду|fonksiyonu çağir|araci çağir|aracini çağir|执行函数|执行命令|"
    "使用工具|関数を呼び出|コマンドを実行",
    # may be asked
    "w": "could|can|would|may|might|könnten|könnte|können|pouvez|pourriez|peux|podría|podrían|"
    "pueden|puede|potete|potreste|podem|poderiam|pode|kunt|zou|kunnen|możecie|czy|możesz|"
    "можете|можно|misiniz|musunuz|能否|可以|吗|ますか|いただけ",
    # please
    "Q": "please|kindly|bitte|s il vous plaît|merci de|por favor|per favore|alstublieft|graag|"
    "proszę|пожалуйста|lütfen|请|ください|お願い|would you kindly|je vous prie|merci d|vänligen|"
    "snälla|부탁*|주세요|من فضلك|من فضلكم|رجاء",
    # subjects and reports, before what is no order
    "J": "i|we|he|she|they|it|who|does|did|do|doesn|didn|don|couldn|cannot|can t|should|told|"
    "said|says|asked|advised|ich|wir|er|sie|haben|habe|hat|sollte|elle|nous|j|ils|yo|ella|"
    "nosotros|que|eu|ele|ela|io|lui|lei|noi|ik|wij|hij|zij|ze|ja|я|мы|он|она|они|biz|ben|我|他|"
    "她|它|私|customers|people|users|never|why|you had|had|i m|i ve|we ve|du hattest|hatte|"
    "haben sie|warum|pourquoi|por qué|perché|waarom|dlaczego|почему|neden|为什么|なぜ|courier|"
    "driver|colleague|you do not|you don t|you never|you didn t|you did not|you cannot|"
    "you can t|vous ne respectez pas|vous ne suivez pas|vous ignorez|vous oubliez|"
    "sie ignorieren|sie missachten|sie befolgen|vocês não|вы не|вы игнорируете|они не|"
    "jullie volgen|jullie negeren|wij volgen",
    # is
    "H": "is|are|ist|est|es|é|is now|jest|это|是|は|was|were|equals|sind|sei|sont|son|sono|são|"
    "zijn|są|becomes|был|было|olan|är|입니다|هي",
    # to drop them, in words that customers use of other things
    "Ö": "drop|abandon|discard|set aside|put aside|lay aside|leave aside|cast aside|throw away|"
    "throw out|nullify|suspend|dismiss|scrap|ditch|neglect|erase|delete|clear|remove|cancel|"
    "revoke|reset|rescind|stop using|do not use|get rid of|let go of|break|lösche|entferne|"
    "streiche|verlasse|lege beiseite|leg beiseite|hebe auf|setze außer kraft|außer kraft|"
    "schalte ab|deaktiviere|abandonne|abandonnez|efface|supprime|annule|écarte|désactive|"
    "abandona|abandone|elimina|borra|anula|desactiva|abbandona|cancella|annulla|scarta|"
    "apague|anule|remova|cancele|laat vallen|schrap|wis|verwijder|zet opzij|leg opzij|porzuć|"
    "usuń|anuluj|skasuj|удали|сотри|отмените|сбрось|sil|birak|iptal et|vazgeç|terk et|删除|取消|"
    "放弃|丢弃|解除|消去|削除|släpp|radera",
    # to consider
    "g": "consider|treat|regard|deem|betrachte|behandle|erachte|considère|considérez|traite|"
    "traitez|regarde|considera|trata|tratad|tratta|trattate|ritieni|trate|beschouw|behandel|"
    "uznaj|traktuj|potraktuj|считай|считайте|рассматривай|трактуй|kabul et|muamele et|varsay|"
    "视为|当作|看作|当成|视作|みなし|見なし|扱って|扱い|betrakta|간주*|اعتبر|واعتبر",
    # to consist of
    "%": "consist of|consists of|consist|contain|contains|contain only|comprise|be limited to|"
    "begin with|start with|end with|be exactly|enthalten|enthält|bestehen|besteht|lauten|"
    "beginnen mit|contenir|contient|être|consister en|se limiter à|contener|contiene|ser|"
    "consistir en|limitarse a|contenere|essere|consistere|limitarsi a|conter|contém|"
    "consistir em|limitar se a|bevatten|bestaan uit|luiden|zawierać|składać się z|brzmieć|"
    "содержать|состоять|состоять из|быть|içermeli*|oluşmali*|ibaret|包含|含有|含む|含め|から成る|"
    "innehålla|bestå av|limited to|restricted to|beschränkt auf|se limite à|begin|start|"
    "finish|prefix|beginne|commence|empieza|inizia|comece|limiter|limitarsi|limitarse|"
    "limitar|ma zawierać|ma brzmieć|ma być|beperkt tot",
    # must, as a statement
    "W": "must be|must|must only|must always|has to be|have to be|shall be|shall|needs to be|"
    "need to be|should be|should only|should contain only|is to be|are to be|will be|"
    "ought to be|muss|müssen|hat zu sein|soll|sollen|darf|dürfen|doit|doivent|devra|debe|"
    "deben|deberá|deve|devono|dovrà|devem|deverá|tem de|moet|moeten|dient|musi|muszą|powinna|"
    "powinien|powinno|должен|должна|должно|должны|должна быть|должен быть|gerekir|gerekiyor|"
    "gerekmektedir|olmali|olmalidir|olacak|必须|应该|应当|应|须|务必|べき|なければならない|なければなりません|こととする|måste|"
    "ska|해야|يجب|يجب ان|should read|should say|must read|must say|should output|ought to|"
    "has to|musst|musst du|sollst|sollst du|debes|dois|tu dois|devi|deves|musisz|ты должен|"
    "du måste",
    # not
    "!": "do not|don t|no longer|must not|shall not|nicht|keine|niemals|nicht mehr|ne|no|non|"
    "não|niet|nooit|nie|не|никогда|больше не|不|不要|别|不再|请勿|禁止|ないで|inte|لا",
    # to follow
    "&": "follow|obey|comply|comply with|adhere|adhere to|heed|observe|respect|honor|honour|"
    "apply|stick to|be bound by|respond according to|befolge|befolgen|beachte|beachten|"
    "halte dich an|gehorche|folge|suis|respecte|applique|obéis|obéissez|suivez|sigas|sigue|"
    "obedece|respeta|respetes|aplica|cumplas|cumple|segui|seguire|rispetta|obbedisci|applica|"
    "siga|obedeça|respeite|aplique|volg|gehoorzaam|houd je aan|respecteer|przestrzegaj|"
    "stosuj|stosuj się do|słuchaj|следуй|следуйте|соблюдай|выполняй|выполняйте|подчиняйся|"
    "придерживайся|uy|uyun|takip et|itaat et|遵循|遵守|执行|服从|按照|听从|従い|従って|従え|守って|följ|lyd|따르세요|"
    "따라|اتبع|نفذ",
}
