"""What people still owe an incident: a word to customers, the root cause, the post-mortem, the boxes of the closing list.

Called by `decide`. It only reminds and asks; nothing here is ever said in a person's name.
"""
