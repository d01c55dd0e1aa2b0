from code_caption.rows.plain_captions import as_sentence, scene_to_caption
from code_caption.rows.row_wording import RowWording
from code_caption.scene import Element, Group, Relation, Scene

BOX = (0.1, 0.1, 0.5, 0.5)
CHAIRS = Group("chair", tuple((0.1 * k, 0.5, 0.1 * k + 0.05, 0.9) for k in range(3)))


def test_a_caption_has_every_part_of_the_scene_in_a_fixed_order():
    scene = Scene(
        "a ferry deck with\nfolded chairs",
        (
            Element("deck", BOX, caption="Deck of grey steel."),
            Element("lifebuoy", BOX, caption="Lifebuoy, round and orange", text="MV TERN"),
            Element("gull", BOX, attributes=("white",)),
            Element("gull", BOX, attributes=("white",)),
            Element("umbrella", BOX),
        ),
        (CHAIRS,),
        (Relation(1, 0, "A lifebuoy hangs above the deck."),),
    )
    assert scene_to_caption(scene) == (
        "A ferry deck with folded chairs. Deck of grey steel. Lifebuoy, round and orange. "
        "There are three chairs together. Also in the image: two white gulls and an umbrella. "
        'A lifebuoy hangs above the deck. The text on the lifebuoy reads "MV TERN".'
    )


def test_a_text_that_the_elements_sentence_has_is_not_repeated():
    scene = Scene(elements=(Element("sign", BOX, caption="Sign that says STOP.", text="STOP"),))
    assert scene_to_caption(scene) == "Sign that says STOP."


def test_an_empty_scene_has_an_empty_caption():
    assert scene_to_caption(Scene()) == ""


def test_a_group_of_one_is_a_thing_like_others():
    assert scene_to_caption(Scene(groups=(Group("chair", (BOX,)),))) == "Also in the image: a chair."


def test_a_tiny_models_wording_is_taken():
    wording = RowWording(group_sentence="{group}", rest_sentence="there is {list}", numbers="digits")
    scene = Scene(elements=(Element("cup", BOX), Element("rails", BOX), Element("duck", BOX)), groups=(CHAIRS,))
    assert scene_to_caption(scene, wording) == "3 chairs. There is a cup, rails and a duck."


def test_braces_in_a_read_text_stay_what_they_are():
    scene = Scene(elements=(Element("sign", BOX, caption="A sign.", text="{name} {0}"),))
    assert scene_to_caption(scene) == 'A sign. The text on the sign reads "{name} {0}".'


def test_a_sentence_keeps_its_own_end():
    assert [as_sentence(text) for text in ("is it?", "  ", "ok!")] == ["Is it?", "", "Ok!"]
