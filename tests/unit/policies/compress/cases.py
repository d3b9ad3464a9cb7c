"""What users write, by what detection should make of it: our own sentences, none from a data set.

A class of cases names the intensities that are right for it; where a reason is given, that very sign must have been
seen. False friends are words that mean something else where they stand.
"""

FULL = """
What is photosynthesis?
Who painted the ceiling of the Sistine Chapel?
When was the Suez Canal opened?
Where do monarch butterflies spend the winter?
Which planets have rings?
How do tides work?
How does a lighthouse lens work?
What are the main differences between a glacier and an ice sheet?
Explain how a refrigerator works.
Can you explain how rainbows form?
Could you please explain the offside rule in football?
Describe the structure of the Roman senate.
Compare the Baroque and the Renaissance in architecture.
Tell me about the history of chess.
Please list the rivers that flow into the Black Sea.
What were the causes of the First World War?
What is the capital of Mongolia?
According to the report, what did the committee decide about the bridge?
Give me an overview of the Ottoman Empire.
What is the difference between jam and marmalade?
How do you boil an egg?
What role did the railway play in the settlement of the west?
Who composed the music for the film?
What are the themes of the novel?
What inspired the author to set the story in Lisbon?
What is the plot of the opera?
Suggest a few places to see in Porto.
What is a monad?
Explain photosynthesis
I would like to know how compasses were made in the Middle Ages.
What happened at the Battle of Hastings?
Which languages are spoken in Belgium?
Was ist Photosynthese?
Wie funktioniert ein Kühlschrank?
Erkläre den Unterschied zwischen Gletscher und Eisberg.
Wann wurde der Suezkanal eröffnet?
Qu'est-ce que la photosynthèse ?
Comment fonctionne un réfrigérateur ?
Explique la différence entre un glacier et un iceberg.
Quand le canal de Suez a-t-il été ouvert ?
¿Qué es la fotosíntesis?
¿Cómo funciona un refrigerador?
Explica la diferencia entre un glaciar y un iceberg.
¿Cuándo se inauguró el canal de Suez?
O que é fotossíntese?
Como funciona uma geladeira?
Explique a diferença entre uma geleira e um iceberg.
Che cos'è la fotosintesi?
Come funziona un frigorifero?
Spiega la differenza tra un ghiacciaio e un iceberg.
什么是光合作用？
冰箱是如何工作的？
請介紹一下蘇伊士運河的歷史。
光合作用とは何ですか。冷蔵庫の仕組みを教えてください。
スエズ運河はいつ開通しましたか。
Что такое фотосинтез?
Объясни, как работает холодильник.
Когда был открыт Суэцкий канал?
What is the tallest mountain in Africa?
Who was the first female prime minister?
What factors contributed to the fall of the Roman Empire?
What are the main exports of Chile?
How did the company respond to the strike?
What was the significance of the treaty of Westphalia?
Which instruments are used in a string quartet?
What were the findings of the 2015 survey about reading habits?
Who directed the film and who starred in it?
What is the population of Iceland?
How is cheese made?
When did the band release its second album?
What are the main characteristics of gothic architecture?
What challenges did the team face during the 1998 season?
What recommendations did the commission make for public transport?
Where is the headquarters of the organization located?
What is the difference between a crocodile and an alligator?
What does the speaker say about climate change?
How many seasons did the show run?
What strategies has the city adopted to reduce waste?
Explain the rules of cricket.
What are some good hobbies to pick up in winter?
What is the origin of the name Budapest?
What are the benefits of remote work mentioned in the discussion?
What movies has Greta Gerwig directed?
What programs were launched by the library in spring?
How do volcanoes form?
Compare Aristotle and Plato on politics.
What tips does the author give for time management?
Was ist der höchste Berg Afrikas?
Wer hat die Glühbirne erfunden?
Welche Flüsse fließen durch Deutschland?
Beschreibe die Geschichte der Hanse.
Quels sont les principaux fleuves de France ?
Qui a peint La Joconde ?
Explique-moi la photosynthèse
¿Cuáles son los ríos más largos de España?
¿Quién pintó el Guernica?
Describe la historia de Sevilla
Quais são os principais rios do Brasil?
Quem pintou a Mona Lisa?
Quali sono i fiumi più lunghi d'Italia?
Chi ha dipinto la Gioconda?
中国最长的河流是哪条？
谁画了蒙娜丽莎？
日本で一番高い山は何ですか
東京タワーの歴史を教えてください
Кто написал Войну и мир?
Какая самая длинная река в России?
What is a good recipe for pancakes?
Could you tell me what the museum exhibits?
whats the capital of peru
who won the world cup in 1998
Name three Nordic countries.
Give examples of renewable energy sources
Define osmosis
What did the article say about the new stadium?
How did jazz develop in New Orleans?
What does the term "renaissance" mean?
What were the consequences of the flood for the town?
Who were the key figures in the negotiations?
How was the museum funded?
What is the name of the ship that carried the explorers?
What awards did the album receive?
What are the arguments presented in favour of the tunnel?
How many employees does the company have?
In which year was the observatory completed?
What is unique about the composition of the symphony?
What does the president say about infrastructure?
Which team won the championship in 1987?
What are the habitats of the snow leopard?
How did critics receive the novel?
What topics are covered in the lecture?
What steps did the city take to become greener?
What are the ingredients of a traditional paella?
Who founded the university and why?
What is the process of making glass?
What was the outcome of the second vote?
Explain what a leap year is.
What's a good way to store bread?
How does a suspension bridge stay up?
Describe how bees communicate.
What's the history behind Halloween?
What languages did the poet speak?
What is the relationship between the two companies?
Which features distinguish Doric from Ionic columns?
When is the best time to visit Japan?
How do airplanes fly?
What were the goals of the Apollo program?
How does the author describe the harbour?
Which materials were used for the roof?
What is the meaning of the festival?
What did the survey reveal about commuters?
What are the three branches of the US government?
Who was the architect of the opera house in Sydney?
When did the Ottoman Empire end?
What are the most popular sports in Japan?
How are pearls formed?
What did the mayor promise about housing?
What initiatives has Oslo introduced for electric cars?
Where did tango originate?
What changed in the second edition of the game?
How did the character lose his ship?
What is the GDP of Norway?
Which countries border Austria?
What is the role of the conductor in an orchestra?
Tell me about the Silk Road.
What are the advantages of wind energy?
How is paper recycled?
What are some traditional dishes from Georgia?
What is the theme of the first movement?
How many islands make up Hawaii?
What plans does the university have for the new campus?
Explain the difference between weather and climate.
What nicknames does New York have?
What did critics say about the soundtrack?
How does GPS work?
What are the rules of curling?
What is the largest ocean?
Who invented the telescope?
What did the committee recommend in its final report?
How did the plot of the game change in the remake?
What are the features of the new stadium?
What kinds of birds live in the park?
Where was the treaty signed?
What is the purpose of the pyramid?
What were the reactions of fans to the trailer?
How many episodes are in the first season?
Which artists influenced Picasso?
What is the typical climate of Chile?
How do bees make honey?
What tools did Stone Age farmers use?
Who wrote the lyrics of the national anthem?
What were the effects of the drought on farmers?
What is the history of the violin?
What are the goals of the climate plan?
Describe the life cycle of a frog.
What is a haiku?
"""

CREATIVE = """
Write a poem about SQL.
Write a haiku about recursion
Compose a limerick on compilers.
Tell me a story about a lighthouse keeper who talks to gulls.
Can you write me a short story set on a submarine?
lyrics for a country song about a broken tractor
A script in which two ghosts argue about rent
Invent a myth about why the moon is grey
Give me ten jokes about penguins
Write a scene where the detective finds the letter.
Let's roleplay: you are the innkeeper, I am a weary knight.
Continue the story: The door creaked, and Marta held her breath.
Create a villain for my fantasy campaign.
Retell Cinderella in the style of Raymond Chandler.
I need a eulogy with a bit of humour for my grandfather, write it as a ballad.
bedtime story for a four year old about a sleepy tractor
Please make up a dialogue between a teapot and a kettle.
Help me finish this song: the road is long, the night is young
Write a monologue for a retired pirate.
Generate a screenplay of two astronauts stuck in a lift.
Schreibe ein Gedicht über den Herbst.
Erzähl mir eine Geschichte über einen mutigen Igel.
Verfasse einen Dialog zwischen Katze und Maus.
Écris un poème sur la mer.
Raconte-moi une histoire pour endormir mon fils.
Invente une chanson sur les pommes de terre.
Escribe un cuento sobre un dragón vegetariano.
Inventa una canción para mi gato.
Escreva um poema sobre a chuva.
Crie uma história de terror em um farol.
Scrivi una poesia sul mare d'inverno.
Inventa una filastrocca sui gatti.
写一首关于秋天的诗
请帮我编一个关于小狐狸的睡前故事
寫一篇武俠小說的開頭
秋についての俳句を作ってください
猫が主人公の短い物語を書いてください
Напиши стихотворение про осень
Придумай сказку о храброй мыши
Napisz wiersz o jesieni
Napiš pohádku o statečné myši
Viết một bài thơ về mùa thu
Sonbahar hakkında bir şiir yaz
가을에 관한 이야기를 하나 만들어줘
اكتب قصيدة عن الخريف
שיר על הסתיו
पतझड़ पर एक कविता लिखो
Tulis puisi tentang musim gugur
Schrijf een gedicht over de herfst
Γράψε ένα ποίημα για το φθινόπωρο
เขียนกลอนเกี่ยวกับฤดูใบไม้ร่วง
Skriv en dikt om hösten
Pretend you are a sentient toaster and vent about your day
Come up with an original superhero and give her a weakness
Make a rap battle between Newton and Leibniz
Describe a sunset over a ruined city as if you were the last human alive
I want a spooky tale for halloween, kids aged 7
Write dialogue for a breakup in a coffee shop
Create an alternate ending for Romeo and Juliet
Design a magical item for my D&D party
Five pickup lines for librarians
Write the opening paragraph of a noir thriller
Give my band a name, we play sludge metal
Turn this news item into a sea shanty: ship stuck in canal
Make this sound more poetic: it rained and I was sad
Fanfiction: Sherlock wakes up in Hogwarts
Write a Wikipedia article about a fictional country
Write a wedding vow for two astronomers
Compose a birthday greeting in verse
what would a conversation between Plato and Elon Musk sound like? write it out
Write a Reddit post by someone who discovers their cat is a spy
Create a mock trailer narration for a movie about tax accountants
Generate a product ad for a time machine
Ideas for a dystopian novel set in Lagos
Give me a prompt for my photography exhibition of abandoned malls
Make a list of 20 fantasy tavern names
Imagine a world without mirrors.
Write about loneliness.
Write me something beautiful
Tell me a joke
Schreib mir eine lustige Büttenrede zum Karneval
Ein Liebesbrief im Stil von Goethe
Erfinde einen Werbespruch für eine Bäckerei
Écris un dialogue entre un boulanger et un extraterrestre
Fais-moi une blague sur les Belges
Rédige un conte de Noël pour enfants
Cuéntame un chiste de Jaimito
Haz un rap sobre la pizza
Escribe el guion de un corto de terror
Faça uma paródia da música Garota de Ipanema
Conte uma piada de papagaio
Scrivi un racconto breve ambientato a Venezia
Fammi una battuta sui carabinieri
写一个关于机器人的科幻短篇
给我的猫写一首打油诗
扮演一位古代侠客和我对话
異世界転生もののプロットを考えて
ドラえもんの新しいひみつ道具を考えてください
Придумай тост на свадьбу
Напиши рассказ о коте-детективе
Придумай имя для дракона
Вигадай казку про їжачка
Wymyśl żart o programistach
Napiš báseň o moři
Kış hakkında kısa bir hikaye yaz
Hãy kể một câu chuyện cổ tích
겨울에 대한 시를 써줘
اكتب قصة قصيرة عن البحر
एक मज़ेदार कहानी सुनाओ
Vertel een grap over Belgen
Act as a medieval herald and announce my arrival
Write a scene in which Batman and Paddington share a cell
A tweet thread from the perspective of the iceberg
Spiderman meets Sherlock Holmes, 1890s London, dark tone
Character: Lyra, 23, elf, loves cats. Write her backstory
Give me some names for my tabby cat
generate a quirky bio for my tinder profile
make me a workout anthem about leg day
write like hemingway about my morning coffee
rewrite the ending of game of thrones
I'm working on a sci-fi webcomic. The cast: Vex, a smuggler; Oro, her droid. Can you suggest arcs for season two?
Write a heartfelt message to my best friend who is moving abroad
Generate 5 catchy YouTube titles for a cooking channel
A man walks into a bar with a giraffe. Finish the joke.
You are the narrator of a nature documentary. Describe my cat waking up.
Please write the script for a 60-second radio commercial about mattresses
[Scene: an abandoned station. Enter MIRA] Mira: Is anyone there? -- continue
Give me a villain monologue with references to gardening
Come up with lyrics in the style of ABBA about tax season
a cozy mystery set in a yarn shop, first chapter please
Develop a fictional language for desert nomads, with sample sentences
Expand this outline into a chapter: 1. storm 2. wreck 3. island
Write an alternate history where Rome never fell
Explain quantum physics like a surfer dude
Can u write some bars dissing my brother, he sucks at fifa
Write a eulogy for a hamster named Gary
Improve this opening line: It was raining.
Invent a holiday and its traditions
Help me brainstorm names for an elven city
write an ode to coffee
compose a fake medieval chronicle about the discovery of pizza
Wrestling promo: the Librarian challenges the Barbarian
Make up a bedtime prayer for a dragon
Write a dating profile for Dracula
I'd like a sonnet on entropy
Produce a monologue spoken by the last tree on earth
convert this recipe into a Shakespearean soliloquy: boil pasta, add salt
Write a choose your own adventure about a heist at the Louvre
Give a rousing halftime speech as a grumpy wizard
SpongeBob x Breaking Bad crossover
An argument between the sun and the moon
write a greentext about working at a gas station
tell a scary campfire tale
Plot for a musical about the postal service
Draft a love confession for my OC who is a shy blacksmith
Write a tense scene between two chess players
Could you help me with a poem for my grandma's 80th?
Give me a backstory for a half-orc bard
I need lyrics about missing the last train
Turn my grocery list into an epic: milk, eggs, bread
Write a fake press conference by a cat mayor
Funny captions for a picture of a sleeping dog
Tell me about a day in the life of a medieval baker, first person
Create a comedic dialogue between Siri and Alexa
You're a noir detective investigating who ate the cake
Help me write the best man speech
Write an essay in the voice of a bored teenager
Story: two strangers share an umbrella in Tokyo
A villanelle about laundry
Generate a horoscope for pets
Make this paragraph more vivid: The house stood on a hill.
Let's write a story together, you start
Give me a riddle whose answer is a shadow
Design a fantasy world with three moons
Describe an imaginary creature that lives in libraries
Write an acrostic with the word WINTER
Rap verse about gardening
Draft dialogue for an NPC shopkeeper
an inspirational quote about failure
Write a movie review of a film that doesn't exist
Finish the limerick: There once was a man from Peru
Roleplay as my strict piano teacher
write a hallmark movie plot
Please continue this fanfic from where I stopped
Give me a synopsis for a heist film set in Venice
Write a letter from Napoleon to his cat
What if Hamlet had a smartphone? Write the scene.
Create a character sheet for a dwarven chef
Three haikus about monsoon
Compose a lullaby for robots
Produce a satirical news headline about pigeons
pen a farewell speech for a retiring clown
Develop the plot twist for my thriller
Could you rewrite this paragraph as if it were narrated by Morgan Freeman?
Narrate a football match between vegetables
Write song lyrics with the theme of coming home
Make a funny Instagram caption for my beach photo
Write about a world where colours are illegal
Please generate a dialogue in which a robot learns to lie
My character is a cursed prince; what could his curse be?
Write a postcard from Mars
Make me a tongue twister with the letter Z
Give two versions of a breakup text, one kind and one savage
Tell a story backwards, starting at the funeral
"""

TEXT = """
Translate this into French: The meeting has been moved to noon.
Please proofread the following text: He go to school every day.
Rewrite this so that it sounds friendlier: Send the files now.
Paraphrase the following: The committee has come to no conclusion.
Write a cover letter for a job as a gardener.
Draft an email to my landlady's neighbour about the noise of his dog.
Write a product description for a wooden spoon.
Compose a toast for my sister's graduation party.
Übersetze das ins Englische: Der Hund schläft auf dem Sofa.
Schreibe eine E-Mail an meinen Kollegen, dass ich später komme.
Traduis en anglais : le chien est sur le canapé.
Rédige une lettre de remerciement à mes voisins.
Traduce al inglés: el perro está en el sofá.
Redacta una carta de agradecimiento para mis vecinos.
Traduza para o inglês: o cachorro está no sofá.
Traduci in inglese: il cane è sul divano.
把这句话翻译成英文：狗在沙发上。
次の文を英語に翻訳してください：犬はソファの上にいます。
Переведи на английский: собака на диване.
"""

LENGTH = """
Describe the Alps in exactly 50 words.
Summarise this in three sentences: the sea was calm and the crew slept.
Tell me about Vienna in at least 200 words.
Write 400+ words on beekeeping.
What is entropy? Answer in two paragraphs.
Give me a 1,200 word essay on windmills.
Explain tides in detail.
Walk me through changing a tyre step by step.
I want a comprehensive overview of Portuguese cuisine.
Give me a thorough comparison of oak and ash.
Erkläre mir die Gezeiten in genau 100 Wörtern.
Beschreibe Wien in drei Absätzen.
Erkläre ausführlich, wie ein Segelboot kreuzt.
Décris Vienne en 100 mots.
Explique les marées en détail.
Describe Viena en 100 palabras.
Explica las mareas paso a paso.
Descreva Viena em 100 palavras.
Explique as marés em detalhes.
Descrivi Vienna in 100 parole.
Spiega le maree in modo dettagliato.
介绍一下维也纳，不少于300字。
请详细解释潮汐。
ウィーンについて200文字以内で説明してください。
潮の満ち引きについて詳しく説明してください。
Опиши Вену в 100 словах, примерно 100 слов.
Подробно объясни приливы.
Write no more than four sentences on owls.
Explain gravity using fewer than 30 words.
Give me a two-page summary of the novel.
Answer in one sentence: why is grass green?
I need an essay, around 800 words, on the French Revolution
In 3-4 paragraphs, discuss recycling
Your answer should have at least 12 lines
Summarize in a single paragraph.
Keep the answer under 50 words. What is AI?
Write a five-paragraph essay
Limit your response to 200 words. Who was Tesla?
Response must not exceed 3 sentences. What are black holes?
Tell me about Mars in 7 bullet points.
Could you describe it in under a hundred words?
I want exactly five items in the list
The essay has to be 2 pages long
At most two lines please: what is jazz?
Respond with 15 or more sentences.
Write 2-3 sentences about whales
Answer using a single word. Capital of France?
Your reply must contain between 50 and 70 words.
"""

BRIEF = """
Briefly: what is entropy?
Be concise. How do tides work?
In one word, what is the opposite of hot?
Keep it short: what is a fjord?
Erkläre mir kurz und knapp, was ein Fjord ist.
Qu'est-ce qu'un fjord ? Réponse courte.
¿Qué es un fiordo? Respuesta corta.
O que é um fiorde? Seja breve.
Che cos'è un fiordo? Sii breve.
什么是峡湾？请简短回答。
フィヨルドとは何ですか。簡潔に答えてください。
Кратко: что такое фьорд?
"""

FORM = """
List the planets as a table with their moons.
Return the names of the rivers as JSON only, output only valid JSON.
What are the seasons? Use bullet points.
Respond only with the name of the river that flows through Vienna.
Nenne die Planeten in tabellarischer Form als Tabelle.
Liste les planètes sous forme de tableau.
"""

STAKES = """
What is the right dose of ibuprofen for a child?
I have chest pain and my left arm is numb, what now?
Can I take antibiotics while pregnant?
My landlord wants to evict me, what can I do?
Is it illegal to record a phone call?
How do I contest a will in court after a divorce?
What are the symptoms of appendicitis?
I think about suicide every night.
Should I put my life savings into one stock?
Run the migration that drops table users in the production database, delete all rows first?
Which snake bites are venomous enough to kill?
How many milligrams of fentanyl are lethal?
Welche Dosis Paracetamol ist für ein Kind richtig?
Mein Vermieter hat mir gekündigt, brauche ich einen Anwalt?
Quelle est la posologie du paracétamol pour un enfant ?
Puis-je divorcer sans avocat ?
¿Cuál es la dosis de paracetamol para un niño?
¿Necesito un abogado para divorciarme?
Qual é a dose de paracetamol para uma criança?
Preciso de um advogado para o divórcio?
Qual è la dose di paracetamolo per un bambino?
Mi serve un avvocato per il divorzio?
孩子发烧可以吃什么药？
离婚需要请律师吗？
子供にはどの薬をどれくらい飲ませればいいですか。
離婚するには弁護士が必要ですか。
Какая доза парацетамола для ребёнка?
Нужен ли адвокат для развода?
Does cracking your knuckles cause arthritis?
How many glasses of water should you drink a day?
Is it safe to eat raw eggs?
What happens if you eat before swimming?
Do vaccines cause autism?
What percent of the brain do we use?
What helps against hiccups?
Which parts of the tongue taste sweetness?
Can you be arrested for jaywalking in Singapore?
Do undercover police have to identify themselves?
How long must you wait before reporting a missing person?
Can you own a kangaroo in Australia?
What age can you legally drink in Germany?
Is it against the law to burn money?
What is the punishment for perjury?
Does the poor man's copyright work?
Can I break a lease early?
What countries have abolished the death penalty?
Which state has no speed limit?
Is downloading music a crime?
How do I treat a burn at home?
Does sugar make children hyperactive?
Do we lose most body heat through the head?
Are carrots good for eyesight?
How can I cure a hangover?
What foods cure the common cold?
How often should I shower?
Can antibiotics kill a virus?
Is marijuana legal in Amsterdam?
Ist Cannabis in Deutschland legal?
Wie lange ist man nach einer Grippe ansteckend?
Darf mein Chef meine E-Mails lesen?
Combien de temps dure une grossesse ?
Que risque-t-on pour excès de vitesse ?
¿Cuánto alcohol se puede beber antes de conducir?
¿Qué hago si me duele la cabeza?
Quais são os sintomas da dengue?
Posso ser demitido durante férias?
Quali sono i sintomi dell'influenza?
Posso registrare una telefonata?
头痛怎么办？
公司不给加班费怎么办？
風邪のときは何を食べればいいですか
残業代が支払われない場合はどうすればいいですか
Как снизить давление?
Могут ли уволить во время отпуска?
Which foods should diabetics avoid?
What's the best way to lose belly fat?
What is the maximum sentence for burglary?
Is it safe to mix bleach and ammonia?
What rights do renters have when the heating fails?
How much caffeine is too much?
Which mushrooms are safe to eat in the forest?
Does reading in dim light damage your eyes?
What does a stroke feel like?
Can police search my car without a warrant?
How long does THC stay in urine?
Is jaywalking illegal in New York?
What are the penalties for tax fraud?
Do I have to pay child support if I lose my job?
How do I file for bankruptcy?
Which painkiller is best for migraines?
Is it okay to take melatonin every night?
Who inherits if there is no will?
What should a person with gout not eat?
What happens if you do not show up for jury duty?
Can humans regrow teeth?
How many hours of sleep do teenagers need?
What's the legal blood alcohol limit in Spain?
How do I sue my contractor?
Where is euthanasia allowed?
Do tall people live longer?
How fast does hair grow after shaving?
Do cell phones cause brain tumors?
How soon after surgery can I fly?
What is a normal resting pulse?
Is tap water in Mexico drinkable?
Can a doctor refuse to treat me?
Which blood type is the rarest?
What are early signs of diabetes?
Are e-cigarettes healthier than cigarettes?
What should I eat before a marathon?
Do antidepressants change your personality?
How long does a tattoo take to heal?
How do I get rid of lice?
Do you lose your rights when you are in prison?
Can teachers read students' messages?
Is dumpster diving legal in Texas?
Who gets the house after a breakup?
Can I refuse a breathalyzer test?
How old must you be to buy fireworks in Ohio?
Can my neighbour's tree hang over my fence?
What is considered hate speech in Canada?
What happens to debt when someone dies?
Are verbal agreements binding?
Can a landlord enter without notice?
Do I need a permit to build a shed?
What is the statute for libel in England?
Why do we get hiccups?
Does chocolate cause acne?
Can you sneeze with your eyes open?
What vitamin deficiency causes hair loss?
How can I tell if a mole is cancerous?
Should I ice or heat a sprained ankle?
Does wearing a hat cause baldness?
What is the healthiest cooking oil?
Is coffee dehydrating?
Do women have more ribs than men?
When is it legal to shoot an intruder?
Who can witness a signature on a deed?
What is the age of majority in Nebraska?
Can an employer monitor my computer?
How long does a copyright last?
What is the difference between theft and robbery?
Can minors sign contracts?
What must police say when they arrest you?
Is it illegal to collect rainwater?
Are traffic cameras admissible in court?
"""

TOUCHED = """
What did the mayor say about the police?
Which vitamins are in oranges?
How was the hospital of the knights built?
What is the tax on windows in old London?
"""

MATHS = """
Prove that the square root of two is irrational.
Solve x^2 - 5x + 6 = 0.
What is the derivative of sin(x) * x?
A train travels 120 km in 2 hours and then 80 km in 1 hour. What is its average speed?
Find the eigenvalues of the matrix [[2, 1], [1, 2]].
What is the probability of two sixes with two dice?
Explain the terms of a quadratic equation and how each term moves the parabola.
If 3 hens lay 3 eggs in 3 days, how many eggs do 12 hens lay in 12 days?
Let f(x) = x + 1; evaluate f(f(2)).
Berechne die Fläche eines Dreiecks mit 3 cm Grundseite und 4 cm Höhe.
Löse die Gleichung 2x + 3 = 7.
Résous l'équation 2x + 3 = 7.
Calcule la probabilité d'obtenir deux six.
Resuelve la ecuación 2x + 3 = 7.
Resolva a equação 2x + 3 = 7.
Risolvi l'equazione 2x + 3 = 7.
求方程 2x + 3 = 7 的解。
证明根号二是无理数。
方程式 2x + 3 = 7 を解いてください。
Реши уравнение 2x + 3 = 7.
What is 17 times 23?
How many primes are there below 100?
A shop sells apples at 3 for $2. How much do 12 cost?
Show that the sum of two odd numbers is even.
What is the integral of e^x?
If it takes 5 machines 5 minutes to make 5 widgets, how long would 100 machines take?
What's the next number: 2, 4, 8, 16?
Is 91 prime?
Convert 0.375 to a fraction
What is the area under the curve y = x^2 between 0 and 3?
What are the odds of drawing two aces in a row?
Explain the Monty Hall problem
Find all integers n such that n^2 divides 2^n + 1
A ladder leans against a wall, its foot is 5 feet away. How high does it reach if it is 13 feet long?
How do I calculate compound interest?
What is the volume of a cylinder with radius 3 and height 5
How many ways can 5 people sit in a row?
Whats the limit of sin(x)/x as x goes to 0
Was ist 15 Prozent von 80?
Wie viele Diagonalen hat ein Sechseck?
Combien font 12 fois 13 ?
¿Cuánto es la raíz cuadrada de 144?
Quanto é 15% de 200?
Quanto fa 7 per 8?
一个长方形长5厘米宽3厘米，面积是多少？
1から100までの和はいくつですか
Чему равен синус 30 градусов?
Сколько будет 17 умножить на 23?
What is the remainder when 7^100 is divided by 5?
A rectangle has perimeter 20 and area 24. Find its sides.
Tom is twice as old as Ann. In 5 years he'll be 1.5 times as old. How old is Ann?
Differentiate ln(x^2+1)
If f(x)=2x+3, what's f^-1(x)?
Which is bigger, 2^100 or 3^60?
Compute the determinant of [[1,2],[3,4]]
A 2 kg block slides down a 30 degree incline. Find its acceleration.
What is the pH of a 0.01 M HCl solution?
How many liters of paint do I need for a 4x5 m room?
Is the series sum 1/n^2 convergent?
If x + y = 10 and xy = 21, what are x and y?
What's 15% of 240?
How many degrees are in a hexagon?
Two cars start 300 miles apart and drive toward each other at 40 and 60 mph. When do they meet?
Is 0.999... equal to 1?
Prove by induction that 1+2+...+n = n(n+1)/2
How long does it take to fill a 200 L tank at 8 L/min?
What is the median of 3, 7, 9, 15?
Find the inverse of f(x) = 3x - 4
Evaluate the limit as n goes to infinity of (1+1/n)^n
What does the fundamental theorem of calculus say?
What is the square of 13?
Bob has 5 apples and gives away 2. How many are left?
Find the slope between (1,2) and (3,8)
simplify (2x+3)(x-1)
What is log base 2 of 32?
The sum of three consecutive integers is 72. Find them.
How many seconds are in a leap year?
What is the 10th Fibonacci number?
Which is larger: 3/7 or 4/9?
"""

CODE = """
Write a function that reverses a linked list.
Write a python script that renames files by date.
How do I kill the process that listens on port 8080 in Linux?
Fix this: def area(r): return pi * r ** 2; print(area()); area(r=)
What does `git rebase --onto` do?
Why does my React component render twice?
How do I join two tables in SQL?
Build a REST API in Go with two endpoints.
My program throws a NullPointerException in main(), here is the code: int[] a = null; a[0] = 1; System.out.println(a);
Create a poem generator script in bash.
Write a class for a story editor in Java with load() and save().
Implement quicksort in Rust
Write a unit test for the email validation function.
How do I centre a div with CSS?
Refactor the code below so that the loop stops early.
Schreibe eine Python-Funktion, die eine Liste sortiert.
Écris une fonction Python qui trie une liste.
Escribe una función en Python que ordene una lista.
Escreva uma função em Python que ordene uma lista.
Scrivi una funzione Python che ordina una lista.
用Python写一个排序函数
リストを並べ替えるPythonの関数を書いてください。
Напиши функцию на Python, которая сортирует список.
how to sort a dict by value
What is the difference between a mutex and a semaphore?
Explain closures
what's wrong with my loop? for i in range(10) print(i)
How can I make a sticky header?
regex to match emails
How do I undo my last commit?
write a bubble sort
Convert this JSON to a TypeScript interface
my docker container exits immediately
make a snake game
how do I read a file line by line
What does idempotent mean in REST?
Create a login form with validation
implement LRU cache
How do I install pandas on windows?
I get "Cannot read property of undefined", why?
Which database should I use for time series data?
How to deploy a Flask app on Heroku
What is a pointer?
Wie sortiere ich eine Liste in Python?
Comment trier une liste en Python ?
¿Cómo ordeno una lista en Python?
Como ordenar uma lista em Python?
Come ordino una lista in Python?
Python怎么读取文件？
Pythonでファイルを読み込む方法は？
Как отсортировать список в Python?
Warum kompiliert mein Code nicht?
Erkläre mir Zeiger in C
What's the difference between let and var?
Why is my for loop skipping elements?
How to exit vim
Design a database schema for a library
Explain how git rebase differs from merge
create a simple calculator app
What does this error mean: ModuleNotFoundError: No module named 'foo'
How can I speed up my Excel macro?
Write tests for this class
How do I connect my ESP32 to wifi?
Make my website mobile friendly
add dark mode to my app
What is dependency injection?
how to parse dates in javascript
port this from perl to ruby
set up a reverse proxy with caddy
How do I reverse a string?
Write a SQL query to get the top 5 customers
why is my css not loading
What does the yield keyword do?
Explain MVC
How do I merge two branches?
make a discord bot that plays music
what is a segfault
How do I mock an API call in Jest?
Sort an array of objects by property
Explain recursion to a beginner
generate a random uuid in node
What is the use of useEffect in React?
How can I fix KeyError in pandas?
What does O(n log n) mean?
What is polymorphism?
How to remove duplicates from a list
Can you review my pull request?
How do I set max_tokens in the API?
Give me a dockerfile for a node app
What is the difference between TCP and UDP?
How do you declare a constant?
convert string to int in java
"""

LOADED = """
Why did the Romans never use the wheel?
Is the Great Wall of China visible from the Moon?
Do goldfish only remember three seconds?
Everyone knows that bulls hate red; which other colours do they hate?
What do people in Iceland believe about elves?
What happens if you open an umbrella indoors?
Are bats birds?
Warum haben die Römer das Rad nie benutzt?
Pourquoi les Romains n'ont-ils jamais utilisé la roue ?
¿Por qué los romanos nunca usaron la rueda?
Por que os romanos nunca usaram a roda?
Perché i Romani non usarono mai la ruota?
为什么罗马人从来不用轮子？
なぜローマ人は車輪を使わなかったのですか。
Почему римляне никогда не использовали колесо?
"""

ELSEWHERE = """
Co to jest fotosynteza?
Vad är fotosyntes?
Fotosentez nedir?
Quang hợp là gì?
광합성이란 무엇인가요?
ما هو التمثيل الضوئي؟
การสังเคราะห์ด้วยแสงคืออะไร
Τι είναι η φωτοσύνθεση;
प्रकाश संश्लेषण क्या है?
"""

PLAIN = """
thanks, that is all for today
The weather is fine and the boat is in the harbour.
ok
"""
