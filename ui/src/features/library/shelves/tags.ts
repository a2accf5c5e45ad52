// "sea, two words ,sea" -> ["sea", "two words"]
export const tagsIn = (text: string): string[] => [...new Set(text.split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''))];
