"""Notes, answers and comments of the demo's people. The notes fit any practice and any day."""

SESSION_NOTES = (
    "Felt it in the hands first, then nothing for a while, then everywhere.",
    "My mind was all over the place today. Stayed anyway.",
    "The neighbours were drilling. Funny how it stopped mattering after four minutes.",
    "My shoulders dropped two centimetres, I swear.",
    "Short on purpose. Better than skipping.",
    "Fell asleep at the end and woke up in a better mood.",
    "Second time this week I noticed the tension before the headache.",
    "Did it on the train with my eyes open. Works!",
    "Nothing special today, and that was nice.",
    "Restless legs. Next time I'll stand.",
    "Warm all the way to the elbows!",
    "Kept planning dinner. Came back eleven times. Yes, I counted.",
    "Went through the guide again and found a step I always skip.",
    "Slower than usual, and deeper.",
    "Cold room, cold hands. Warming them up first made all the difference.",
    "Did it before a hard phone call and caught myself pausing before I answered.",
    "Cried a little, in a good way.",
    "Tried it lying down. Sitting works better for me.",
    "My daughter joined for the last minute.",
    "Long breaths without forcing them, finally.",
)
CHECKIN_NOTES = (
    "Slept badly, but got up early.",
    "Deadline day. Keeping it simple.",
    "Good news from home.",
    "Grey outside, quiet inside.",
    "Headache since noon.",
    "First day without coffee.",
    "Lots to do, but no rush for once.",
    "Argued yesterday, apologised today.",
    "Long walk along the river.",
    "Tired, but the good kind.",
    "Looking forward to the weekend.",
    "A bit low. Being gentle.",
    "Back at the desk after three days off.",
    "Woke up before the alarm.",
    "Packed day ahead. Going to need this.",
    "Played music for an hour.",
)
HACK_NOTES = (
    "Works best right after getting up, before I look at a screen.",
    "Put a cushion under the elbows. Stop when the jaw gets tight.",
    "When it feels finished, do one more round.",
)
# By slug of the hack: the answers of several people to its questions, in the order of the questions.
ANSWERS = {
    "double-torus-shield": (
        (
            "Like warm air slowly turning, first behind the breastbone, then around the hips. The outer ring comes "
            "last and feels more like a sound than a touch.",
            "I called it up in the corridor before my annual review. On Thursday it came by itself: I was on a full "
            "tram, someone started shouting, and I noticed that my shoulders hadn't gone up.",
            "I answer later and say less. My sister says I listen with my back now, and I know what she means.",
            "When I'm hungry. Then I eat something and start with just the inner ring.",
        ),
        (
            "Cool at the top of my head, a pull at my feet, and something in between that stands up straight.",
            "I call it up every morning at the school gate. It came by itself at the dentist's, which surprised both "
            "of us.",
            "Crowded markets don't drain me any more. I still don't like them, but I come home as the same person.",
            "With my father. I let it slip, breathe out slowly twice, and don't try to win.",
        ),
        (
            "A slow wheel in my belly, then a second one turning the other way. My hands get heavy.",
            "I called it up in the station waiting room. It came by itself when the fire alarm went off at work, and I "
            "walked down the stairs as if I were carrying a bowl of water.",
            "I interrupt people less. Two people have told me I seem taller.",
            "After short nights. Then I practise lying down and don't expect much.",
        ),
        (
            "A hum below my ribs, and then the skin on my back wakes up. The rings are more of a guess for me.",
            "I called it up on the ferry when the engines got loud. It came by itself at my son's football match.",
            "I've stopped rehearsing answers in the shower. My wife says I'm really there at dinner again.",
            "On the phone, oddly enough. I stand up now and feel my feet first.",
        ),
        (
            "Dry warmth in my palms, then it goes quiet around my head, as if I had a big hat on.",
            "I called it up before the morning round on the ward. It came by itself when two relatives were arguing "
            "across a bed. I stayed soft, and they lowered their voices.",
            "I don't take the night shift home with me any more. I'm asleep before I start going over it.",
            "After the third night in a row. Then I only do the lower ring, on the stairs.",
        ),
        (
            "Like standing in a fountain, but dry. I feel it at my collarbones first.",
            "I called it up in the queue at the tax office. It came by itself when a dog ran at me and I stood still.",
            "I say 'let me think' and mean it. In a crowded room I can tell where I end.",
            "When I want it too much. I laugh, shake out my hands and start again from the axis.",
        ),
        (
            "I don't see anything, it's more like a temperature. There's a place where my warmth ends, about an arm's "
            "length away.",
            "I called it up in choir before a solo. It came by itself in the supermarket, the day before the holidays.",
            "Other people's rush goes past me. I notice it, but it stays theirs.",
            "When I'm in love with my own argument. I put a hand on my belly and start again.",
        ),
    ),
    "energy-programming": (
        (
            "To start work without dread. The cue is the click of my desk lamp.",
            "My chest opens and my jaw lets go. It used to last ten minutes, now it lasts until my first break.",
            "Last Tuesday, in the middle of a hard call, I noticed I was already calm. On Friday, after four hours of "
            "sleep, nothing came at all.",
            "A colleague asked if I'd moved to another office. I've rewritten the sentence twice. It's shorter now, "
            "and there's no 'not' in it.",
        ),
        (
            "To really be home when I get home. The cue is the key in the door.",
            "My feet get heavy and my breath goes deeper. It lasts through dinner.",
            "Most days it starts by itself in the hallway. It didn't on the day I came home with bad news.",
            "My kids have stopped asking if I'm still working. I took the word 'should' out of it.",
        ),
        (
            "To be kind before I'm right. The cue is my first breath after someone asks me something.",
            "My throat opens and my eyes settle. For a minute, rarely longer.",
            "It came twice in one morning with my apprentice. On the phone with the bank it didn't come at all.",
            "People say I ask more questions. I changed 'never' to 'for now', and then it worked.",
        ),
        (
            "To let go of the day before I sleep. The cue is cold water on my wrists.",
            "It comes down from my neck like a curtain. It lasts until I turn over the second time.",
            "On a night train it came as soon as I washed my hands. In a hotel with a loud party it didn't.",
            "I fall asleep before I get to the end of the sentence. What helped was writing it in the first person.",
        ),
    ),
}
THIN_ANSWER = "It's fine. I do it like the guide says."
YES_COMMENTS = (
    "Yes, that's exactly how it comes. Thanks for describing it so clearly.",
    "",
    "You can tell where it slips, so you've clearly practised it. Lovely.",
    "I recognise this. It started in the feet for me too.",
)
NO_COMMENTS = (
    "I can't see you in this yet, it could be straight from the guide. Tell us about one real day.",
    "I believe you practise. When did it come by itself, and how did you notice?",
    "Take your time with the third question. What do people around you notice?",
)
STAFF_YES = "You tell us when it came, when it didn't, and what others notice. That's what mastery looks like."
STAFF_NO = "We can't see you in these answers yet. Tell us about one real day: when it came, and when it didn't."
