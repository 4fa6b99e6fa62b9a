"""`ktizo simulate`: a rack that is not there, an operator who is not there, and a real Ktizo.

`appliance` runs Ktizo as a child, `office` is its API, `build` fills its mirror, `operator` does
what a person would do, `facts` is what can be seen of it, `killing` pulls Ktizo's plug, `promises`
says in the end what was kept, and `story` puts them together.
"""
