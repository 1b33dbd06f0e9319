//! Every sentence of the contract about what is refused, and how: one test each, to the letter.

mod answers;
mod bulk;
mod closing;
mod deadlines;
mod floods;
mod frames;
mod hello;
mod history;
mod inbox_list;
mod inbox_paging;
mod inbox_watch;
mod keys;
mod keys_later;
mod limits;
mod node;
mod order;
mod origin;
mod presence;
mod roles;
mod secrecy;
mod sign_in;
mod text;
mod tokens;
mod typing;
mod watching;
mod watching_limits;
