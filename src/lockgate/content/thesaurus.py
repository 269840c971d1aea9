"""Everyday words that stand for one another in questions and documents. English; a line is a group."""

from __future__ import annotations

from typing import Final

_PEOPLE: Final = """
child kid toddler infant baby minor youngster
pupil student schoolchild learner
parent mother father mum mom dad
family relative relation kin
spouse wife husband partner
guest visitor
apprentice trainee intern
beginner newcomer starter novice
doctor physician medic
nurse caregiver
teacher instructor trainer tutor coach lecturer
teach train instruct education training lesson class course
lawyer attorney solicitor counsel legal
cleaner cleaning clean janitor
guard security watchman
journalist press media reporter
mayor
secretary clerk
treasurer finance accountant accounting bookkeeping
buyer purchasing procurement
driver drive steer
member membership belong
participant attendee attend
applicant candidate
tenant renter lessee
landlord lessor
resident inhabitant citizen neighbor
retiree pensioner retire
successor follow replace succeed
predecessor previous former
deputy substitute stand-in vice represent replacement
volunteer helper help
expert specialist
creator inventor
founder found establish
winner win award prize
victim injured hurt injury wound
adult grown-up
passenger traveler rider
caretaker care
look care maintain
responsible accountable charge lead
decide determine choose consent approve approval decision
boss foreman manager
coordinate organize plan arrange
chair chairman chairwoman chairperson preside head
union works council
audience spectator viewer
"""

_THINGS: Final = """
smartphone phone mobile cellphone handset
tablet device
display screen monitor
machine equipment apparatus device appliance
engine motor power
truck lorry van vehicle
taxi cab
coach bus
bike cycle
train railway rail
plane aircraft flight airplane
garage parking park
fuel diesel petrol gasoline gas
footwear shoe boot
goggles glasses eye
leash lead
sofa couch furniture
bin container drum waste
waste garbage trash rubbish refuse
cylinder bottle
box crate carton package
parcel package shipment consignment
cup mug dish
picture photo photograph image
drawing sketch blueprint diagram plan
film movie video
newspaper paper magazine
book volume
letter mail post
envelope letter
form sheet document
file folder directory
certificate diploma certification
license permit authorization
invoice bill
receipt voucher proof
ticket pass
key keycard badge
lock locker
password passcode pin code
money cash fund sum amount
coin cash
loan credit
debt owe
tax duty levy
fine penalty sanction
gift present donation donate
apology compensation
voucher coupon
goods merchandise product article item
spare replacement substitute
part component piece
tool instrument
server computer host machine hardware
software program application app tool
website site page web
network internet wifi wireless
mistake error slip
crash outage downtime failure unavailable down
house home building
flat apartment
room chamber
kitchen canteen cafeteria cooking
restaurant canteen
toilet restroom bathroom lavatory
shop store
warehouse depot storehouse storage store
factory plant works
headquarters office seat
yard court
garden park green
street road lane avenue
bridge crossing
entrance gate door entry
exit
floor level storey story
basement cellar
roof
drug medicine medication pill
illness sickness disease ill sick
germ bacteria virus infection
pregnant pregnancy maternity
dentist tooth
vet veterinarian veterinary
animal pet
dog puppy
meal dish lunch dinner supper
breakfast
drink beverage water
bread bakery
fruit vegetable
clothes clothing garment dress wear
towel linen
pool swimming swim
playground slide swing
choir singer sing
concert music
tree plant
soil earth ground
"""

_ACTS: Final = """
sell sale vendor
supply deliver provide supplier furnish purveyor
manufacture make produce build manufacturer producer maker
transport carry haul haulier carrier ship move
bring carry take
move relocate relocation transfer
rent hire borrow lease
borrow lend loan
refund reimburse repay reimbursement
earn salary income
finance fund pay sponsor
spend grant cost
donate give collect
receive get obtain
collect pick fetch gather
empty collect
drop leave
throw discard dispose
lose lost misplace forget
find discover detect notice
notice detect spot realize
discover detect identify
watch observe monitor supervise oversee
measure weigh size
count tally stocktaking inventory
audit inspect review
service maintenance repair inspection
wash clean rinse
disinfect sanitize
close shut
lock
break smash damage broken crack
fall drop
hurt injure
die death dead
bury funeral
marry wedding marriage
celebrate party celebration festival
elect vote election ballot
against oppose reject
support favor back
reject refuse decline deny
forbid prohibit ban forbidden disallow
mandatory compulsory required obligatory must require
optional voluntary
exempt exclude exception except
cancel withdraw revoke
postpone delay defer
late delay
early before
notify report inform tell announce
call dial ring
reach contact call
complain complaint grievance
suggest propose proposal recommend
recommend refer referral
advise advice consult
agree agreement consent
quarrel dispute conflict
sign signature
register registration sign enroll enrolment
log login sign
publish issue release
print copy
draw draft
edit alter modify change amend
adapt adjust
update upgrade
install set mount
remove delete take
hide conceal
open inaugurate
start depart departure leave
arrive arrival come
return back
travel trip journey
fly flight
stay overnight night sleep accommodation
sleep bed
eat meal food
smoke cigarette smoking
cook chef kitchen
practice rehearse exercise train
play game
compete contest tournament
swim bath
separate quarantine isolate apart
accompany escort
walk stroll
guide lead
treat therapy treatment cure
examine examination check
operate run use drive
handle deal process
deal handle treat
grow growth plant
water irrigate
cut trim
heat warm heating
cool cold chill refrigerate
light lamp lighting
store save keep
hand give issue
hold keep
swap trade exchange
enter record note write
note write record
fill
wait
last take duration
lapse expire
renew extend renewal prolong
valid validity
begin onset
launch introduce introduction start live
found establish set
test trial pilot
prove evidence proof
protect secure safe
encrypt encryption cipher
steal theft thief stolen
attack breach intrusion
burn fire
flood water
learn study
translate translation
speak language talk
"""

_QUALITIES: Final = """
tall height high
wide width broad
deep depth
heavy weight weigh
long length
big size large
strong power strength
fast speed quick
old age
cheap expensive price
free charge cost
loud noise noisy quiet
dirty clean
safe security
wrong problem fault error
broken defective faulty
empty full
spare extra additional
extra additional supplement surcharge bonus
total overall sum
share percent percentage proportion
average mean
half
low minimum
maximum most top highest longest
minimum lowest least shortest
goal target aim objective
result outcome
reason cause because
purpose aim
kind type sort species category
brand make manufacturer
severity severe
priority urgent first
urgent emergency
public official
private personal
secret confidential
new recent
former old previous earlier
next following coming
weekend saturday sunday
weekday workday
noon midday
morning
evening night
daily day
holiday festive
summer
winter
spring
autumn fall
deadline due until latest
time hour clock
abroad foreign
local regional
organic bio
poor income
"""
GROUPS: Final = _PEOPLE + _THINGS + _ACTS + _QUALITIES
