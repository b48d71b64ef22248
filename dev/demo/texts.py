"""What the people of the demo write down: it has to fit any practice and any day."""

SESSION_NOTES = (
    "Felt it in the hands first, then nothing for a while, then everywhere.",
    "Mind was a market today. Stayed anyway.",
    "The neighbours were drilling. Funny how it stopped mattering after four minutes.",
    "Shoulders came down two centimetres, I swear.",
    "Short on purpose. Better than skipping.",
    "Fell asleep at the end, woke up kind.",
    "Second time this week that I noticed the tension before the headache.",
    "Did it on the train with open eyes. Works.",
    "Nothing special, and that was pleasant.",
    "Restless legs. Next time standing up.",
    "Warm all the way to the elbows!",
    "I kept planning dinner. Came back eleven times, counted them.",
    "Followed the guide word for word again and found a step I always skip.",
    "Slower than usual, and deeper.",
    "Cold room, cold hands. Warmed them first, which made the difference.",
    "Before a hard phone call. I heard myself pause before answering.",
    "Cried a little, in a good way.",
    "Tried it lying down. Sitting is better for me.",
    "My daughter joined for the last minute.",
    "Could keep the breath long without forcing it.",
)
CHECKIN_NOTES = (
    "Slept badly, but up early.",
    "Deadline day. Keep it simple.",
    "Good news from home.",
    "Grey outside, quiet inside.",
    "Headache since noon.",
    "First day without coffee.",
    "Much to do and no hurry for once.",
    "Argued yesterday, apologised today.",
    "Long walk along the river.",
    "Tired, the honest kind.",
    "Looking forward to the weekend.",
    "A bit low. Being gentle.",
    "Back at the desk after three days off.",
    "Woke up before the alarm.",
    "Crowded day ahead: will need the anchor.",
    "Played music for an hour.",
)
HACK_NOTES = (
    "Works best right after getting up, before any screen.",
    "Cushion under the elbows. Stop when the jaw gets tight.",
    "Ask for one more round when it feels finished.",
)
# By the hack's slug: several people's answers to its questions, in the order of the questions.
ANSWERS = {
    "double-torus-shield": (
        (
            "Like warm air that turns slowly, first behind the breastbone, then around the hips. The outer ring comes "
            "last and feels more like a sound than like a touch.",
            "I called it up before my yearly review, in the corridor. By itself it came on Thursday, on a full tram, "
            "when somebody began to shout: I noticed it because my shoulders had not gone up.",
            "I answer later and shorter. My sister says that I listen with my back now, and I know what she means.",
            "When I am hungry. Then I eat something, and begin with the inner ring only.",
        ),
        (
            "Coolness at the crown and a pull at the feet, and between them something that stands up straight.",
            "Called up: each morning at the school gate. By itself: at the dentist, which surprised both of us.",
            "Markets no longer empty me. I still dislike them, but I come home as the one who went.",
            "With my father. I let it slip, breathe out long twice, and do not try to win.",
        ),
        (
            "A slow wheel in the belly, then a second one that turns against it. My hands get heavy.",
            "I called it up in the waiting room of the station. It came by itself when the fire alarm went at work, "
            "and I walked down the stairs as if I were carrying a bowl of water.",
            "I interrupt less. Twice somebody has told me that I seem taller.",
            "On short nights. Then I practise lying down and do not call it a shield.",
        ),
        (
            "A hum below the ribs, and then the skin of my back wakes up. The rings I only guess at.",
            "I called it up on the ferry when the engine room got loud. It came by itself at my son's football match.",
            "I have stopped rehearsing answers in the shower. My wife says that I am back at the table.",
            "On the phone, oddly. I stand up now, and feel my feet first.",
        ),
        (
            "Dry warmth in the palms, and then a wide quiet around the head, as under a big hat.",
            "I called it up before the morning round at the ward. By itself it came when two relatives quarrelled "
            "across a bed: I stayed soft, and they lowered their voices.",
            "I no longer take the night home with me. I sleep before I have undressed my thoughts.",
            "After the third night in a row. Then I do the lower ring only, on the stairs.",
        ),
        (
            "Like standing in a fountain that is not wet. I feel it at the collarbones first.",
            "Called up: in the queue at the tax office. By itself: when a dog ran at me, and I stood still.",
            "I say 'let me think' and mean it. Crowded rooms have edges now.",
            "When I want it too much. I laugh, shake my hands, and start with the axis.",
        ),
        (
            "Not a picture at all, more a temperature: there is a place where my warmth ends, and it is an arm's "
            "length away.",
            "I called it up in the choir, before a solo. By itself it came in the supermarket on the day before the "
            "holidays.",
            "Other people's haste passes by. I notice it, and it stays theirs.",
            "When I am in love with my own argument. I put a hand on the belly and start again.",
        ),
    ),
    "energy-programming": (
        (
            "To begin my work without dread. The cue is the click of the desk lamp.",
            "The chest opens and the jaw lets go. Ten minutes at first; by now it holds until the first break.",
            "Last Tuesday I noticed in the middle of a hard call that I was calm already. On Friday, after four hours "
            "of sleep, nothing came at all.",
            "My colleague asks whether I have changed offices. I rewrote the sentence twice: it is shorter now and "
            "has no 'not' in it.",
        ),
        (
            "To come home when I come home. The cue is the key in the door.",
            "Weight in the feet and a breath that goes further down than before. It stays through dinner.",
            "On most days the hallway does it by itself. It did not on the day when I came home with bad news.",
            "My children have stopped asking whether I am still working. I took the word 'should' out of it.",
        ),
        (
            "To be kind before I am right. The cue is the first breath after somebody's question.",
            "The throat gets wide and my eyes settle. A minute, seldom more.",
            "With my apprentice it came twice in one morning. With the bank it did not come at all.",
            "I was told that I ask back more. I rewrote 'never' into 'for now', and that made it work.",
        ),
        (
            "To let go of the day before sleep. The cue is cold water on the wrists.",
            "It runs down from the neck, like a curtain. It stays until I turn over for the second time.",
            "On a night train it came as soon as I washed my hands. In a hotel with a loud party it did not.",
            "I fall asleep before I have finished the sentence. I wrote it in the first person at last.",
        ),
    ),
}
THIN_ANSWER = "It is fine. I do it like in the guide."
YES_COMMENTS = (
    "The tram: that is exactly how it comes. Thank you for writing it down so plainly.",
    "",
    "Somebody who knows where it slips has practised it. Lovely.",
    "I recognise this. For me it was the feet as well.",
)
NO_COMMENTS = (
    "I can't find you in it yet: these could be the words of the guide. Tell us about one real day.",
    "I believe that you practise. Which time did it come by itself, and how did you notice?",
    "Take your time with the third question. What do the people around you see?",
)
STAFF_YES = (
    "You say when it came and when it did not, and what others see of it. That is how it is when it is mastered."
)
STAFF_NO = "We can't find you in it yet. Tell us about one real day: when it came, and when it did not."
