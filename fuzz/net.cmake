atelier_fuzz(net_http1 net_http1.cpp LINK atelier_net)
atelier_fuzz(net_range net_range.cpp LINK atelier_net)
atelier_fuzz(net_sse net_sse.cpp LINK atelier_net)
atelier_fuzz(net_url net_url.cpp LINK atelier_net)
