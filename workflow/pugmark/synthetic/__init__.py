"""Parts of the drawn survey.

What is drawn: noise -> coats, ribbons -> animals, people; noise -> scenes, camera; all of them -> frames.
Who passes where and when: survey -> passages, which direct the frames. What a data manager adds: package.
"""
