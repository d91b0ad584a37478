"""The words of every mail that we send by ourselves: what is written, which placeholders it may hold, how it
becomes text and HTML.

Words are data: a placeholder is a name in braces from a fixed list, and there is nothing else, no condition,
no loop, no way to a row of the database (`parsing`). `catalogue` has every notification with its placeholders
and our own words; `store` the words in force; `rendering` makes both parts of a mail.
"""
