"""The parts of the drawn survey; an arrow points to the user of a part.

Pictures: noise -> coats, ribbons -> animals, people; noise -> scenes, camera; all of them -> frames.
Plan: survey -> passages, which draw their pictures with frames. The data manager's export: package.
"""
