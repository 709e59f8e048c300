"""Words that people say at home, whatever they ask for: what a request is told from.

Knows: some hundred of the commonest English words, and those of a house.
Must never know: what the words mean, what can be asked for.
"""

from __future__ import annotations

_TEXT = """
a about above across after again ago air all almost alone along already also always am among an and animal
another answer any anybody anything apple are area arm around as ask at away baby back bad bag balcony
ball bank bath bathroom be beautiful because become bed been before began begin behind being believe below
beside best better between big bike bird birthday black board boat body book both box boy bread break
breakfast bring brother brought brown building bus business but buy by call came can capital car card care
carry cat catch ceiling chair chance change check chicken child children choose christmas church city
class clean clear climb clock close clothes coffee cold come company computer cook cool corner could
country course cream cross cup curtain cut dad dance dark daughter day deep did different dinner do doctor
does dog done door down draw dress drink drive dry during each ear early easy eat egg either else empty
end engine enough evening ever every everybody example eye face fact fall family fan far farm fast father
feel feet felt fence few field fight film find fine finger finish fire first fish floor flower fly follow
food foot forget form found fox free friday fridge friend from front fruit full fun funny game garage
garden gate gave get girl give glad glass go god gold gone good got grass great ground group grow guess
guest had hair half hall hallway hand happen happy hard has hat hate have he head hear heard heart heater
heating heavy hello help her here herself high hill him himself his hold hole holiday home hope horse
hospital hot hour house how however hungry hurry hurt husband ice idea if important in inside instead into
island it itself job joke jump just keep kept key kid kill kind king kitchen knew knife know lady land
language large last late laugh lazy learn least leave left leg less let letter life lift like line list
listen little live living lock long look lose lost lot loud love low luck lunch machine made mail make man
many map market matter may maybe me mean meat meet men might mile milk mind minute miss moment monday
money month moon more morning most mother mountain mouth move movie much mum music must my myself name
near neck need neighbour never new news next nice night no nobody noise none noon nor north nose not note
nothing now number ocean of off office often oh old on once only open or other our out outside oven over
own page paint pair paper parents park part party pass past pay pen people perhaps person phone photo
picture piece place plan plane plant plate play player please pocket point police pool poor possible power
present president pretty price problem program public pull push put quarter queen question quick quiet
quite radio rain ran reach read ready real really remember rest rich ride right ring river road roof room
round rule run sad safe said salt same sandwich sat saturday save saw say school sea seat second see seem
seen sell send sent set several shall she ship shirt shoe shop short should shoulder shout show shower
shut sick side sign simple since sing sister sit size skin sky sleep slow small smell smile snow so some
somebody something sometimes son song soon sorry sort sound south space speak spend spoon spring stairs
stand star start state stay step still stone stood stop store story straight street strong study such
sugar summer sun sunday supper sure surprise swim table take talk tall tea teach teacher team television
tell test than thank that the their them then there these they thick thin thing think third this those
though thought three through throw thursday ticket time tired to today together told tomorrow tonight too
took top touch toward town toy train travel tree trip trouble true try tuesday turn twice umbrella uncle
under understand until up upon us use usual valley very village visit voice wait wake walk wall want war
warm was wash watch water way we wear weather wednesday week weekend weight welcome well went were west
wet what wheel when where which while who whole whose why wide wife wild will win wind window wine winter
wish with without woman women wonder wood word work world worry worse would write wrong yard year yellow
yes yesterday yet you young your yourself
"""
COMMON: tuple[str, ...] = tuple(_TEXT.split())
