atelier_fuzz(media_head media_head.cpp LINK atelier_media_container)
atelier_fuzz(media_message media_message.cpp LINK atelier_media_protocol)
atelier_fuzz(media_wav media_wav.cpp LINK atelier_media_sound)
