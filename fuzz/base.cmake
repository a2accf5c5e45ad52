atelier_fuzz(base_json base_json.cpp LINK atelier_base)
