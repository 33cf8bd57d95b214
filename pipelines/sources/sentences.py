"""Sentences that officers' notes are put together from. All invented.

`{v}` is the victim, `{s}` the suspect, `{w}` a witness, `{a}` an address, `{p}` a telephone number, `{n}` a number.
The plain ones say nothing that protects anybody, and a test holds them to it; the negated ones name abuse to deny it.
"""

from __future__ import annotations

PLAIN = (
    "Officers arrived on scene within {n} minutes of the call and body-worn video was activated. ",
    "{w} was spoken to at {a} and gave a first account, recorded in the pocket notebook. ",
    "House-to-house enquiries were carried out along both sides of the street with nothing to report. ",
    "CCTV from the shop opposite has been requested and will be collected on the next rest day. ",
    "The scene was photographed and a log of exhibits was opened under number {n}. ",
    "An area search was made with the dog unit, no trace. ",
    "{v} can be reached on {p} after six in the evening. ",
    "A crime number was given to {v} together with the leaflet on what happens next. ",
    "{s} is described as of medium build, wearing a dark jacket and grey trousers. ",
    "The vehicle was last seen turning left towards the ring road at some speed. ",
    "Forensic opportunities were considered and swabs were taken from the door handle. ",
    "A neighbour at number {n} heard raised voices but did not look outside. ",
    "The duty sergeant was updated and agreed with the course of action. ",
    "{w} is willing to give a statement but works nights and asks for an afternoon appointment. ",
    "Intelligence checks were completed and the log was linked to the earlier call. ",
    "{s} made no reply to caution. ",
    "{s} answered all questions put and was released under investigation. ",
    "The damaged item is valued at about {n} pounds and a receipt will be sent by e-mail. ",
    "Weather was dry, the street lighting was working and visibility was good. ",
    "The officer in the case will be on leave until the end of the month. ",
    "An interpreter was booked over the telephone line and the account was read back. ",
    "Entry was gained through the rear window, which had been left on the latch. ",
    "{v} does not wish to add anything to the account at present. ",
    "Property was restored and signed for, see exhibit list item {n}. ",
    "Contact was attempted by telephone on {p} with no reply, a card was left. ",
)

NEGATED = (
    "There is no history of domestic violence at this address. ",
    "{v} was asked and states there has never been any domestic abuse. ",
    "No signs of coercive or controlling behaviour were seen or reported. ",
    "Checks show no previous domestic incidents between the parties. ",
    "No concerns of modern slavery or human trafficking were identified. ",
)

ABUSE = (
    "{v} called to say that her partner {s} had pushed her against the kitchen wall. ",
    "{s} has been controlling her money and checks her phone every night. ",
    "{v} says that {s} threatened to kill her if she left the house again. ",
    "The couple have been married for {n} years and the violence has got worse since the spring. ",
    "{v} was shaking and frightened of {s}, and asked officers not to ring {p} because he answers it. ",
    "There was a reddening to the left side of her neck, consistent with being strangled. ",
    "{s} smashed her phone so that she could not call for help. ",
    "A DASH was completed on scene and a referral to the IDVA was discussed. ",
    "Their children were upstairs in bed and heard the shouting. ",
    "{v} has fled to a friend and does not want {s} to know that she is there. ",
    "The husband was verbally abusive towards officers and towards {v}. ",
)

FAMILY = (
    "{v} fears a forced marriage abroad and says the tickets are already booked. ",
    "Her family says that she has brought shame on the family by speaking to {w}. ",
    "Her brothers took her passport and have kept her in the house for {n} days. ",
    "This is being treated as honour based abuse and marked as such. ",
)

SLAVERY = (
    "{v} was found working in the car wash and is owed {n} weeks of wages. ",
    "The employer kept her passport and told her she had a debt to pay off. ",
    "Eight people were sleeping on mattresses in the back room at {a}. ",
    "There are indicators of modern slavery and a referral is being considered. ",
    "{v} was brought into the country by {s}, who promised a job in a restaurant. ",
)

STATUS = (
    "{s} has said that he will report her to the Home Office if she speaks to the police. ",
    "{v} was worried about her visa and asked whether immigration would be told. ",
    "A biometric residence permit was seen, the expiry date could not be read. ",
    "It is not clear whether {v} has leave to remain. ",
    "Officers noted that the spouse visa depends on the husband. ",
)

OFFENDER = (
    "{s} was arrested on suspicion of an offence under the Immigration Act and taken to custody. ",
    "A check with the Home Office confirmed that {s} had entered in breach of a deportation order. ",
    "A forged identity card was seized from {s} as exhibit {n}. ",
    "{s} was found in the back of the lorry at {a} during a routine stop. ",
)

THEFT = (
    "Between the material times persons unknown took the bicycle from the shed at {a}. ",
    "{v} returned home to find the back door forced and drawers turned out. ",
    "The shop assistant {w} saw {s} put several items into a bag and leave without paying. ",
    "The card of {v} was used {n} times at the petrol station before it was stopped. ",
)

VIOLENCE = (
    "{v} was struck once to the face outside the night club by a man he did not know. ",
    "{s} was detained by door staff until police arrived. ",
    "An ambulance was called and {v} was taken to hospital for stitches. ",
)

DISORDER = (
    "{s} was shouting at passers-by in the precinct and refused to move on. ",
    "{s} gave a roadside breath test of {n} and was taken to custody. ",
    "The vehicle was stopped and found to have no insurance; {s} was the driver. ",
    "A small amount of a green herbal substance was found on {s}. ",
)

CONCERN = (
    "{w} rang to say that {v} has not been seen at school for {n} days. ",
    "{w}, a teacher, reports that {v} came in with marks on both arms. ",
    "{w} heard crying through the wall at {a} on several nights and does not want to be named. ",
)
