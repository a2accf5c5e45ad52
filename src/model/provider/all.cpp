#include "model/provider/adapter.hpp"

namespace atelier::model {

const ChatAdapter& adapter_for(Protocol protocol) {
  switch (protocol) {
    case Protocol::openai_chat:
      return openai_chat_adapter();
    case Protocol::openai_responses:
      return openai_responses_adapter();
    case Protocol::anthropic:
      return anthropic_adapter();
    case Protocol::gemini:
      return gemini_adapter();
    case Protocol::ollama:
      return ollama_adapter();
  }
  panic("every protocol has an adapter");
}

}  // namespace atelier::model
