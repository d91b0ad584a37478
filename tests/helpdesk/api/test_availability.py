"""Going away and coming back by the API."""


def test_the_api_says_who_is_away_and_takes_it(call, cast, open_ticket):
    owed, mira = open_ticket(assignee=cast.mira), call(cast.mira)
    assert mira.get("me/availability/").json() == {
        "available": True,
        "away_since": None,
        "away_until": None,
        "owed": [owed.pk],
    }
    said = mira.post("me/go-away/", {"hand_back": [owed.pk]}).json()
    assert (said["available"], said["owed"]) == (False, [])
    assert mira.post("me/go-away/", {"until": "2020-01-01T00:00:00Z"}).status_code == 400
    assert mira.post("me/come-back/").json()["available"]
    assert call(cast.priya).post("me/go-away/").status_code == 404
