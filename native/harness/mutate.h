// Changes of a case.
#pragma once
#include "cases.h"
#include "dice.h"

namespace hf2gguf {

/** One to three numbers or parts are other than they were. */
void mutate(Case& one, Dice& dice);

}  // namespace hf2gguf
