atelier_fuzz(studio_chat_import studio_chat_import.cpp LINK atelier_studio)
atelier_fuzz(studio_chat_search studio_chat_search.cpp LINK atelier_studio)
atelier_fuzz(studio_edit studio_edit.cpp LINK atelier_studio)
atelier_fuzz(studio_story studio_story.cpp LINK atelier_studio)
